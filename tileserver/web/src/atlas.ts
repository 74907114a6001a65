/** The layers of the map: what the server offers and what the reader has switched on. */

import { ask, Problem, type Reason } from './answers';
import { readCatalogue, readDescription, readGeneration } from './contract';
import type { Catalogue, Description, Entry, Kind } from './contract';
import { stepAt } from './steps';

/** More points than this hide everything below them at the scale of a prefecture. */
const CROWD = 500;

export interface Layer {
  readonly entry: Entry;
  /** Absent if it could not be had; `problem` then says why. */
  readonly description: Description | null;
  readonly problem: Reason | null;
  readonly visible: boolean;
  /** 0 to 1. */
  readonly opacity: number;
}

/** A layer that can be drawn. */
export type ReadyLayer = Layer & { readonly description: Description };

type Choice = Pick<Layer, 'visible' | 'opacity'>;

/** Groups of the panel, in its order: as they lie on the map, topmost first. */
export const GROUPS = ['timed', 'points', 'lines', 'areas', 'unknown'] as const;

/** Kinds of things that stand where they stand, whatever comes. */
const PLACES: readonly Kind[] = ['designated', 'inventory', 'register'];

export type LayerGroup = (typeof GROUPS)[number];

/** Fires `change` whenever something of it is different. */
export class Atlas extends EventTarget {
  /** In the order of the panel. Empty until the catalogue is there. */
  layers: readonly Layer[] = [];
  /** Why the catalogue could not be had. */
  problem: Reason | null = null;
  /** When the server last answered. */
  heard: number | null = null;
  /** Whether the last attempt to reach the server failed. */
  silent = false;

  #generation: string | null = null;
  #chosen = new Map<string, Choice>();
  #onlyChosen = false;
  /** Ids in the order that the reader wants, as far as it matters. */
  #order: readonly string[] = [];
  /** Counts identities: an answer that was asked for by the person before is thrown away. */
  #epoch = 0;

  /** Switches on exactly these layers in this order, e.g. those of an address. */
  choose(opacities: ReadonlyMap<string, number>): void {
    this.#chosen = new Map([...opacities].map(([id, opacity]) => [id, { visible: true, opacity }]));
    this.#onlyChosen = true;
    this.#order = [...opacities.keys()];
    this.layers = arranged(
      this.layers.map((layer) => ({ ...layer, ...this.#choice(layer.entry.id, layer.description) })),
      this.#order,
    );
    this.#changed();
  }

  /** Moves a layer one place within its group: `-1` towards the front, `1` towards the back. */
  move(id: string, step: -1 | 1): void {
    const moving = this.layers.find(({ entry }) => entry.id === id);
    if (moving === undefined) return;
    const group = this.layers.filter((layer) => groupOf(layer) === groupOf(moving));
    const other = group[group.indexOf(moving) + step];
    if (other === undefined) return;
    const swapped = (layer: Layer): Layer => (layer === moving ? other : layer === other ? moving : layer);
    this.layers = this.layers.map(swapped);
    this.#order = this.layers.map(({ entry }) => entry.id);
    this.#changed();
  }

  /** Forgets everything that the server has said: another person is here now. */
  forget(): void {
    this.#epoch += 1;
    this.#generation = null;
    this.layers = [];
    this.problem = null;
    this.#changed();
  }

  /** Changes what the reader has chosen for one layer. */
  set(id: string, choice: Partial<Choice>): void {
    this.layers = this.layers.map((layer) => {
      if (layer.entry.id !== id) return layer;
      const chosen = { visible: layer.visible, opacity: layer.opacity, ...choice };
      this.#chosen.set(id, chosen);
      return { ...layer, ...chosen };
    });
    this.#changed();
  }

  /** Fetches the catalogue and the description of each layer that is new, changed or failed. */
  async load(): Promise<void> {
    const epoch = this.#epoch;
    try {
      const catalogue = await ask('/catalog.json', readCatalogue);
      const layers = await Promise.all(catalogue.layers.map((entry) => this.#describe(entry)));
      if (epoch !== this.#epoch) return;
      this.#take(catalogue, layers);
    } catch (error) {
      if (epoch !== this.#epoch) return;
      this.problem = reasonOf(error);
      this.silent = true;
    }
    this.#changed();
  }

  /** Asks whether there is a new generation, and switches to it. */
  async poll(): Promise<void> {
    try {
      const generation = await ask('/status.json', readGeneration);
      this.heard = Date.now();
      const wasSilent = this.silent;
      this.silent = false;
      if (generation !== this.#generation || this.layers.some(({ problem }) => problem !== null)) {
        await this.load();
      } else if (wasSilent) {
        this.#changed();
      }
    } catch {
      this.silent = true;
      this.#changed();
    }
  }

  async #describe(entry: Entry): Promise<Layer> {
    const known = this.layers.find((layer) => layer.entry.id === entry.id);
    if (known?.description != null && known.entry.version === entry.version) return { ...known, entry };
    try {
      const description = await ask(entry.tilejson, readDescription);
      return { entry, description, problem: null, ...this.#choice(entry.id, description) };
    } catch (error) {
      return { entry, description: null, problem: reasonOf(error), ...this.#choice(entry.id, null) };
    }
  }

  #take(catalogue: Catalogue, layers: Layer[]): void {
    this.#generation = catalogue.generation;
    const first = layers.map((layer) => (this.#isChosen(layer.entry.id) ? layer : { ...layer, visible: isFirst(layer, layers) }));
    this.layers = arranged(first, this.#order);
    this.problem = null;
    this.silent = false;
    this.heard = Date.now();
  }

  /** Whether the reader, or an address, has said what is to be seen of a layer. */
  #isChosen(id: string): boolean {
    return this.#onlyChosen || this.#chosen.has(id);
  }

  #choice(id: string, description: Description | null): Choice {
    const chosen = this.#chosen.get(id);
    if (chosen !== undefined) return chosen;
    return { visible: !this.#onlyChosen && isShown(description), opacity: 1 };
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

/** Whether a layer must not be shown as current at the wall-clock time `now`. */
export function isStale(layer: Layer, now: number): boolean {
  if (layer.entry.mode !== 'live') return false;
  const expires = layer.description?.expires ?? layer.entry.expires;
  return layer.problem === 'expired' || (expires !== null && expires <= now);
}

/** The layers to draw at `now`: switched on, known and not stale. */
export function drawable(layers: readonly Layer[], now: number): ReadyLayer[] {
  return layers.filter(
    (layer): layer is ReadyLayer => layer.visible && layer.description !== null && !isStale(layer, now),
  );
}

/** The time the slider starts at: the earliest "now" of the timed layers among `layers`. */
export function startingTime(layers: readonly ReadyLayer[], now: number): number | null {
  const times = layers.flatMap(({ entry, description }) => {
    const { validTimes, current } = description;
    const time = entry.mode === 'live' ? stepAt(validTimes, now, 'live') : (current ?? validTimes[0] ?? null);
    return time === null ? [] : [time];
  });
  return times.length === 0 ? null : Math.min(...times);
}

function isShown(description: Description | null): boolean {
  return description?.isHidden !== true && !isCrowd(description);
}

/**
 * Whether the map begins with a layer. Whoever is shown a forecast looks at that first: shelters and
 * facilities, of which there are many, would lie between its gauges at the size of a phone.
 */
export function isFirst(layer: Layer, layers: readonly Layer[]): boolean {
  const hasForecast = layers.some(({ entry, description }) => entry.kind === 'forecast' && description !== null && isShown(description));
  const isPlaces = PLACES.includes(layer.entry.kind) && groupOf(layer) === 'points';
  return isShown(layer.description) && !(hasForecast && isPlaces);
}

function isCrowd(description: Description | null): boolean {
  if (description === null) return false;
  return CROWD < description.featureCount && description.style.some(({ type }) => type === 'circle');
}

/** Where a layer stands in the panel. */
export function groupOf({ description }: Pick<Layer, 'description'>): LayerGroup {
  if (description === null) return 'unknown';
  if (0 < description.validTimes.length) return 'timed';
  const types = new Set(description.style.map(({ type }) => type));
  if (types.has('circle')) return 'points';
  return types.has('line') && !types.has('fill') ? 'lines' : 'areas';
}

/** What a reader has to see first lies in front, until the reader wants it otherwise. */
const FRONT: readonly Kind[] = ['forecast', 'observation', 'relayed'];

/** By group, what is foreseen and observed before all else; those that `order` names change places among themselves, all others stay. */
export function arranged(layers: readonly Layer[], order: readonly string[]): Layer[] {
  const front = ({ entry: { kind } }: Layer): number => (FRONT.includes(kind) ? FRONT.indexOf(kind) : FRONT.length);
  return GROUPS.flatMap((group) => {
    const members = layers.filter((layer) => groupOf(layer) === group).sort((a, b) => front(a) - front(b));
    const named = members.filter(({ entry }) => order.includes(entry.id));
    const queue = [...named].sort((a, b) => order.indexOf(a.entry.id) - order.indexOf(b.entry.id));
    return members.map((layer) => (named.includes(layer) ? (queue.shift() ?? layer) : layer));
  });
}

function reasonOf(error: unknown): Reason {
  return error instanceof Problem ? error.reason : 'malformed';
}
