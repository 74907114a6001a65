import type { Map as MapLibreMap } from 'maplibre-gl';
import { expect, test } from 'vitest';

import type { ReadyLayer } from '../src/atlas';
import { readDescription, type Description } from '../src/contract';
import { Drawing } from '../src/drawing';
import { featuresAt, isOutdated, type Scene } from '../src/inspection';

/** A version of a layer of gauges without time axis. */
const version = (number: number): Description =>
  readDescription({
    tiles: [`https://example.jp/tiles/river_forecast/${number}/-/{z}/{x}/{y}.mvt`],
    minzoom: 6,
    maxzoom: 14,
    bounds: [140, 33, 141, 34],
    layer: { attribution: { ja: '架空', en: 'fictional' }, style: [{ type: 'circle' }] },
  });

/** A map that holds sources and layers; every source has one gauge, which tells of its source. */
function stage() {
  const sources = new Map<string, string>();
  const layers = new Map<string, { type: string; source: string }>();
  const hear: (() => void)[] = [];
  const loaded = new Set<string>();
  const map = {
    on: (_: string, act: () => void) => hear.push(act),
    addSource: (id: string, { tiles }: { tiles: string[] }) => sources.set(id, tiles[0] ?? ''),
    addLayer: (layer: { id: string; type: string; source: string }) => layers.set(layer.id, layer),
    getLayer: (id: string) => layers.get(id),
    removeLayer: (id: string) => layers.delete(id),
    removeSource: (id: string) => sources.delete(id),
    moveLayer: () => undefined,
    setPaintProperty: () => undefined,
    isSourceLoaded: (id: string) => loaded.has(sources.get(id) ?? ''),
    project: () => ({ x: 0, y: 0 }),
    queryRenderedFeatures: (_: unknown, { layers: ids }: { layers: string[] }) =>
      ids.map((id) => ({
        id: 1,
        layer: { id },
        geometry: { type: 'Point', coordinates: [140, 33] },
        properties: { tiles: sources.get(layers.get(id)?.source ?? '') },
      })),
  };
  const load = (tiles: string): void => {
    loaded.add(tiles);
    for (const act of hear) act();
  };
  return { map: map as unknown as MapLibreMap, load };
}

test('a card of a layer without times is outdated once the next version is on the map', () => {
  const { map, load } = stage();
  const drawing = new Drawing(map, 'ceiling');
  const shown: boolean[] = [];
  const scene = (description: Description): Scene => ({ map, drawing, layers: [{ entry: { id: 'river_forecast' }, description } as unknown as ReadyLayer] });
  const draw = (description: Description): void => drawing.draw([{ id: 'river_forecast', description, opacity: 1, time: null, next: null }]);
  const [first, second] = [version(1), version(2)];
  draw(first);
  const [card] = featuresAt(scene(first), { x: 0, y: 0 }, 12);
  if (card === undefined) throw new Error('no gauge');
  drawing.addEventListener('shown', () => shown.push(isOutdated(drawing, card)));
  draw(second);
  expect(isOutdated(drawing, card), 'the map still shows the version of the card').toBe(false);
  load(second.tiles);
  expect(shown).toEqual([true]);
  const [renewed] = featuresAt(scene(second), { x: 0, y: 0 }, 12);
  expect(renewed?.feature.properties['tiles']).toBe(second.tiles);
  expect(renewed !== undefined && isOutdated(drawing, renewed)).toBe(false);
});
