/** The MapLibre map itself: an empty ground, turned off wherever it would tilt or rotate. */

import { LngLatBounds, Map as MapLibreMap, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';

import type { Bounds } from './contract';
import { addHighlight } from './highlight';
import type { View } from './permalink';
import { token } from './tokens';

setWorkerUrl(workerUrl);

/** Room for the frame's label above and the time slider below. */
const FIT = { padding: { top: 64, right: 24, bottom: 150, left: 24 }, animate: false, maxZoom: 15 };

/** Whether this browser can draw the map. */
export function hasWebGl(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null;
}

/** A map that is ready for layers. */
export async function openMap(container: HTMLElement, view: View | null): Promise<MapLibreMap> {
  const place = view === null ? {} : { center: [view.longitude, view.latitude] as [number, number], zoom: view.zoom };
  const map = new MapLibreMap({
    container,
    ...place,
    style: { version: 8, sources: {}, layers: [{ id: 'ground', type: 'background', paint: { 'background-color': token('map-ground') } }] },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    renderWorldCopies: false,
    fadeDuration: 0,
    minZoom: 3,
    maxZoom: 19,
    // Labels are drawn with the reader's own fonts: no glyph server.
    localIdeographFontFamily: "'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', sans-serif",
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  await map.once('load');
  addHighlight(map);
  return map;
}

/** Shows all of these areas; nothing happens without any. */
export function fit(map: MapLibreMap, areas: readonly Bounds[]): void {
  const all = new LngLatBounds();
  for (const [west, south, east, north] of areas) all.extend([west, south, east, north]);
  if (!all.isEmpty()) map.fitBounds(all, FIT);
}

export function viewOf(map: MapLibreMap): View {
  const { lat, lng } = map.getCenter();
  return { zoom: map.getZoom(), latitude: lat, longitude: lng };
}
