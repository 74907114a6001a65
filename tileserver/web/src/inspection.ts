/** Which features lie at a place or in view. */

import type { GeoJSONFeature, Map as MapLibreMap, PointLike } from 'maplibre-gl';

import type { ReadyLayer } from './atlas';
import { nameOf } from './attributes';
import type { Drawing } from './drawing';
import type { Language } from './words';

export interface Found {
  readonly layer: ReadyLayer;
  readonly feature: GeoJSONFeature;
}

/** Features of one layer that are in view, by name. */
export interface Group {
  readonly layer: ReadyLayer;
  readonly found: readonly Found[];
}

/** What the reader looks at. */
export interface Scene {
  readonly map: MapLibreMap;
  readonly drawing: Drawing;
  readonly layers: readonly ReadyLayer[];
}

/**
 * Everything at a point of the screen, topmost first. Points and lines count within `reach` pixels,
 * since nobody hits them exactly; areas only where the point lies inside.
 */
export function featuresAt(scene: Scene, { x, y }: { x: number; y: number }, reach: number): Found[] {
  const near: [PointLike, PointLike] = [
    [x - reach, y - reach],
    [x + reach, y + reach],
  ];
  const drawn = scene.drawing.layersOnScreen();
  const isArea = (layer: string): boolean => scene.map.getLayer(layer)?.type === 'fill';
  // The outline of an area is a line, yet it must not pull in the neighbour.
  const areas = new Set(drawn.filter(isArea).map((layer) => scene.drawing.ownerOf(layer)));
  const exact = drawn.filter((layer) => areas.has(scene.drawing.ownerOf(layer)));
  const rough = drawn.filter((layer) => !exact.includes(layer));
  return distinct(scene, [
    ...scene.map.queryRenderedFeatures(near, { layers: rough }),
    ...scene.map.queryRenderedFeatures([x, y], { layers: exact.filter(isArea) }),
  ]);
}

/** Everything in view, by layer and name. */
export function featuresInView(scene: Scene, language: Language): Group[] {
  const found = distinct(scene, scene.map.queryRenderedFeatures({ layers: scene.drawing.layersOnScreen() }));
  const order = new Intl.Collator(language);
  return scene.layers.flatMap((layer) => {
    const own = found
      .filter((one) => one.layer === layer)
      .map((one) => ({ one, name: nameOf(layer.description, one.feature, language) }))
      .sort((a, b) => order.compare(a.name, b.name));
    return own.length === 0 ? [] : [{ layer, found: own.map(({ one }) => one) }];
  });
}

/** All drawn pieces of one feature: an area lies in several tiles. */
export function piecesOf({ map, drawing }: Scene, { layer, feature }: Found): GeoJSONFeature[] {
  if (feature.id === undefined) return [feature];
  const layers = drawing.layersOnScreen(layer.entry.id);
  return map.queryRenderedFeatures({ layers, filter: ['==', ['id'], feature.id] });
}

function distinct({ drawing, layers }: Scene, features: readonly (GeoJSONFeature & { layer: { id: string } })[]): Found[] {
  const seen = new Set<string>();
  return features.flatMap((feature) => {
    const owner = drawing.ownerOf(feature.layer.id);
    const layer = layers.find(({ entry }) => entry.id === owner);
    const key = `${owner} ${feature.id ?? JSON.stringify(feature.properties)}`;
    if (layer === undefined || seen.has(key)) return [];
    seen.add(key);
    return [{ layer, feature }];
  });
}
