/**
 * Layers on a MapLibre map, each replaced as a whole.
 *
 * A layer has up to two tile sources. The one on screen stays until the other has loaded everything
 * in view; then they change places in one frame. So a new time step or a new version never flashes,
 * and two times of one layer are never on screen together. The second source also holds the
 * next step while the map plays.
 */

import type { Map as MapLibreMap } from 'maplibre-gl';

import type { Description } from './contract';
import { depthOf, opacityPaint, specificationOf, styleOf } from './paint';
import { compact } from './time';

/** What shall be on screen. */
export interface Wanted {
  readonly id: string;
  readonly description: Description;
  readonly opacity: number;
  /** The step, or `null` for a layer without time. */
  readonly time: number | null;
  /** The step to hold ready. */
  readonly next: number | null;
}

interface Plate {
  readonly source: string;
  readonly tiles: string;
  readonly time: number | null;
  readonly description: Description;
  opacity: number;
}

interface Drawn {
  wanted: Wanted;
  shown: Plate;
  waiting: Plate | null;
}

/** Fires `shown` whenever another step of a layer has come on screen. */
export class Drawing extends EventTarget {
  readonly #map: MapLibreMap;
  /** Everything is drawn below this MapLibre layer. */
  readonly #ceiling: string;
  readonly #drawn = new Map<string, Drawn>();
  /** Ids of all our MapLibre layers with their depth, lowest first. */
  #pile: { readonly id: string; readonly owner: string; readonly base: number; depth: number }[] = [];
  #count = 0;

  constructor(map: MapLibreMap, ceiling: string) {
    super();
    this.#map = map;
    this.#ceiling = ceiling;
    map.on('sourcedata', () => this.#settle());
    map.on('idle', () => this.#settle());
  }

  /** Draws exactly these layers; earlier ones lie above later ones of the same kind. */
  draw(wanted: readonly Wanted[]): void {
    for (const id of this.#drawn.keys()) {
      if (!wanted.some((layer) => layer.id === id)) this.#remove(id);
    }
    for (const [rank, layer] of wanted.entries()) this.#want(layer, rank);
    this.#restack(wanted);
    this.#settle();
  }

  /** Fetches everything anew, e.g. after tiles have failed. */
  redraw(): void {
    const wanted = [...this.#drawn.values()].map((drawn) => drawn.wanted);
    this.draw([]);
    this.draw(wanted);
  }

  /** The step of a layer that is on screen; `null` for one without time. */
  timeOf(id: string): number | null {
    return this.#drawn.get(id)?.shown.time ?? null;
  }

  /** What of a layer is on screen: the address of its tiles, which differs by version and step. */
  tilesOnScreen(id: string): string | undefined {
    return this.#drawn.get(id)?.shown.tiles;
  }

  /** Whether something wanted is not on screen yet. */
  get isWaiting(): boolean {
    return [...this.#drawn.values()].some(({ shown, wanted }) => shown.tiles !== tilesOf(wanted, wanted.time));
  }

  /** MapLibre layers on screen, topmost first: of one layer, or of all. */
  layersOnScreen(id?: string): string[] {
    const sources = [...this.#drawn].flatMap(([key, { shown }]) => (id === undefined || id === key ? [shown.source] : []));
    return this.#pile.filter((entry) => sources.includes(sourceOf(entry.id))).map((entry) => entry.id).reverse();
  }

  /** The layer that a MapLibre layer belongs to. */
  ownerOf(layer: string): string | undefined {
    return [...this.#drawn].find(([, { shown }]) => shown.source === sourceOf(layer))?.[0];
  }

  #want(wanted: Wanted, rank: number): void {
    const drawn = this.#drawn.get(wanted.id);
    const tiles = tilesOf(wanted, wanted.time);
    if (drawn === undefined) {
      this.#drawn.set(wanted.id, { wanted, shown: this.#lay(wanted, wanted.time, rank, wanted.opacity), waiting: null });
      this.dispatchEvent(new Event('shown'));
      return;
    }
    drawn.wanted = wanted;
    this.#fade(drawn.shown, wanted.opacity);
    const ahead = drawn.shown.tiles === tiles ? (wanted.next === null ? null : tilesOf(wanted, wanted.next)) : tiles;
    if (drawn.waiting !== null && drawn.waiting.tiles !== ahead) {
      const given = drawn.waiting;
      drawn.waiting = null;
      this.#lift(given);
    }
    if (drawn.waiting === null && ahead !== null) {
      drawn.waiting = this.#lay(wanted, ahead === tiles ? wanted.time : wanted.next, rank, 0);
    }
  }

  /** Brings on screen what has been waited for, once it is complete. */
  #settle(): void {
    for (const drawn of this.#drawn.values()) {
      const { waiting, wanted } = drawn;
      if (waiting === null || waiting.tiles !== tilesOf(wanted, wanted.time)) continue;
      if (!this.#map.isSourceLoaded(waiting.source)) continue;
      const past = drawn.shown;
      // First the books, then the map: lifting fires `sourcedata`, which leads back here.
      drawn.shown = waiting;
      drawn.waiting = null;
      this.#fade(waiting, wanted.opacity);
      this.#lift(past);
      this.dispatchEvent(new Event('shown'));
    }
  }

  /** Adds source and layers of one step. */
  #lay(wanted: Wanted, time: number | null, rank: number, opacity: number): Plate {
    const { description, id } = wanted;
    this.#count += 1;
    const plate: Plate = { source: `${id}@${this.#count}`, tiles: tilesOf(wanted, time), time, description, opacity };
    this.#map.addSource(plate.source, {
      type: 'vector',
      tiles: [plate.tiles],
      minzoom: description.minzoom,
      maxzoom: description.maxzoom,
      bounds: [...description.bounds],
    });
    for (const [i, style] of styleOf(description.style).entries()) {
      const layer = `${plate.source}/${i}`;
      const base = depthOf(style.type, 0 < description.validTimes.length) + i / 1_000_000;
      const depth = base - rank / 1_000;
      const above = this.#pile.findIndex((entry) => depth < entry.depth);
      const specification = specificationOf(style, { id: layer, source: plate.source, layer: id }, opacity);
      this.#map.addLayer(specification, this.#pile[above]?.id ?? this.#ceiling);
      if (this.#map.getLayer(layer) === undefined) continue;
      this.#pile.splice(above === -1 ? this.#pile.length : above, 0, { id: layer, owner: id, base, depth });
    }
    return plate;
  }

  /** Brings everything into the order of `wanted`: layers may have changed places. */
  #restack(wanted: readonly Wanted[]): void {
    const ranks = new Map(wanted.map(({ id }, rank) => [id, rank]));
    for (const entry of this.#pile) entry.depth = entry.base - (ranks.get(entry.owner) ?? 0) / 1_000;
    const sorted = [...this.#pile].sort((a, b) => a.depth - b.depth);
    if (sorted.every((entry, i) => entry === this.#pile[i])) return;
    for (const [i, { id }] of [...sorted.entries()].reverse()) this.#map.moveLayer(id, sorted[i + 1]?.id ?? this.#ceiling);
    this.#pile = sorted;
  }

  #fade(plate: Plate, opacity: number): void {
    // Setting what is set already would redraw the map, whose `idle` leads back here.
    if (plate.opacity === opacity) return;
    plate.opacity = opacity;
    for (const [i, style] of styleOf(plate.description.style).entries()) {
      const layer = `${plate.source}/${i}`;
      if (this.#map.getLayer(layer) === undefined) continue;
      for (const [name, value] of Object.entries(opacityPaint(style, opacity))) {
        if (!name.endsWith('-transition')) this.#map.setPaintProperty(layer, name as 'fill-opacity', value as number);
      }
    }
  }

  #lift(plate: Plate): void {
    const layers = this.#pile.filter(({ id }) => sourceOf(id) === plate.source);
    for (const { id } of layers) this.#map.removeLayer(id);
    this.#map.removeSource(plate.source);
    this.#pile = this.#pile.filter((entry) => !layers.includes(entry));
  }

  #remove(id: string): void {
    const drawn = this.#drawn.get(id);
    if (drawn === undefined) return;
    this.#drawn.delete(id);
    this.#lift(drawn.shown);
    if (drawn.waiting !== null) this.#lift(drawn.waiting);
  }
}

function tilesOf({ description }: Wanted, time: number | null): string {
  return time === null ? description.tiles : description.tiles.replace('{time}', compact(time));
}

/** Our MapLibre layers are named `SOURCE/NUMBER`. */
function sourceOf(layer: string): string {
  return layer.slice(0, layer.lastIndexOf('/'));
}
