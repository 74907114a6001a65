/** Which features lie at a place or in view. */

import type { GeoJSONFeature, Map as MapLibreMap, PointLike } from 'maplibre-gl';

import type { ReadyLayer } from './atlas';
import { nameField, nameOf } from './attributes';
import type { Drawing } from './drawing';
import type { Language } from './words';

export interface Found {
  readonly layer: ReadyLayer;
  readonly feature: GeoJSONFeature;
  /** The step that it belongs to; `null` for a layer without time. */
  readonly time: number | null;
  /** The tiles that it was read from; they differ by version and step. */
  readonly tiles: string | undefined;
}

/** A line of the list: one feature, or several nameless ones that say the same. */
export interface Item {
  readonly name: string;
  readonly found: Found;
  readonly count: number;
}

/** What of one layer is in view, by name; the largest values first where there are no names. */
export interface Group {
  readonly layer: ReadyLayer;
  readonly count: number;
  readonly items: readonly Item[];
}

/** A place on the map's canvas, in pixels. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** What the reader looks at. */
export interface Scene {
  readonly map: MapLibreMap;
  readonly drawing: Drawing;
  readonly layers: readonly ReadyLayer[];
}

/**
 * Everything at a point of the screen: points and lines within `reach` pixels, the nearest point
 * first, since nobody hits them exactly; then the areas that the point lies in.
 */
export function featuresAt(scene: Scene, { x, y }: Spot, reach: number): Found[] {
  const near: [PointLike, PointLike] = [
    [x - reach, y - reach],
    [x + reach, y + reach],
  ];
  const drawn = scene.drawing.layersOnScreen();
  const fills = drawn.filter((layer) => scene.map.getLayer(layer)?.type === 'fill');
  const distance = ({ geometry }: GeoJSONFeature): number => {
    if (geometry.type !== 'Point') return Number.POSITIVE_INFINITY;
    const [longitude = 0, latitude = 0] = geometry.coordinates;
    const at = scene.map.project([longitude, latitude]);
    return Math.hypot(at.x - x, at.y - y);
  };
  const thin = scene.map
    .queryRenderedFeatures(near, { layers: drawn })
    .filter(({ geometry }) => !geometry.type.endsWith('Polygon'))
    .map((feature) => ({ feature, far: distance(feature) }))
    .sort((a, b) => (a.far === b.far ? 0 : a.far - b.far));
  return distinct(scene, [
    ...thin.map(({ feature }) => feature),
    ...scene.map.queryRenderedFeatures([x, y], { layers: fills }),
  ]);
}

/** Everything in view, by layer. */
export function featuresInView(scene: Scene, language: Language): Group[] {
  const found = distinct(scene, scene.map.queryRenderedFeatures({ layers: scene.drawing.layersOnScreen() }));
  const order = new Intl.Collator(language, { numeric: true });
  return scene.layers.flatMap((layer) => {
    const own = found.filter((one) => one.layer === layer);
    const isNamed = nameField(layer.description) !== undefined;
    const items = new Map<string, Item>();
    for (const [i, one] of own.entries()) {
      const name = nameOf(layer.description, one.feature, language);
      const key = isNamed ? `${name} ${i}` : name;
      items.set(key, { name, found: one, count: (items.get(key)?.count ?? 0) + 1 });
    }
    const sorted = [...items.values()].sort((a, b) => (isNamed ? order.compare(a.name, b.name) : order.compare(b.name, a.name)));
    return own.length === 0 ? [] : [{ layer, count: own.length, items: sorted }];
  });
}

/** All drawn pieces of one feature: an area lies in several tiles. */
export function piecesOf({ map, drawing }: Scene, { layer, feature }: Found): GeoJSONFeature[] {
  if (feature.id === undefined) return [feature];
  const layers = drawing.layersOnScreen(layer.entry.id);
  return map.queryRenderedFeatures({ layers, filter: ['==', ['id'], feature.id] });
}

/** Where a feature lies on the screen: a point itself, the middle of the view for all else. */
export function placeOf(map: MapLibreMap, { geometry }: GeoJSONFeature): Spot {
  const centre = map.getCenter().toArray();
  const [longitude = 0, latitude = 0] = geometry.type === 'Point' ? geometry.coordinates : centre;
  return map.project([longitude, latitude]);
}

/**
 * How far to pan so that `point` of the map comes out from under `card`: to the middle of the space
 * above a card as wide as the map, or beside a narrower one. Nothing if it is in sight.
 */
export function wayOutOf(card: DOMRect, map: DOMRect, point: Spot): [number, number] {
  const [left, top] = [card.left - map.left, card.top - map.top];
  const isHidden = left <= point.x && point.x <= left + card.width && top <= point.y && point.y <= top + card.height;
  if (!isHidden) return [0, 0];
  return 0.8 * map.width < card.width ? [0, point.y - top / 2] : [point.x - left / 2, 0];
}

function distinct({ drawing, layers }: Scene, features: readonly (GeoJSONFeature & { layer: { id: string } })[]): Found[] {
  const seen = new Set<string>();
  return features.flatMap((feature) => {
    const owner = drawing.ownerOf(feature.layer.id);
    const layer = layers.find(({ entry }) => entry.id === owner);
    const key = `${owner} ${feature.id ?? JSON.stringify(feature.properties)}`;
    if (layer === undefined || seen.has(key)) return [];
    seen.add(key);
    return [{ layer, feature, time: drawing.timeOf(layer.entry.id), tiles: drawing.tilesOnScreen(layer.entry.id) }];
  });
}

/** Whether the map shows another version or step by now than the one that a feature was read from. */
export function isOutdated(drawing: Drawing, { layer, tiles }: Found): boolean {
  const shown = drawing.tilesOnScreen(layer.entry.id);
  return shown !== undefined && shown !== tiles;
}
