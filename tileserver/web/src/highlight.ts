/** The mark around the feature whose attributes are shown. */

import type { GeoJSONFeature, GeoJSONSource, Map as MapLibreMap } from 'maplibre-gl';

import { token } from './tokens';

const SOURCE = 'highlight';

/** The lowest layer of the mark: everything else is drawn below it. */
export const HIGHLIGHT = `${SOURCE}/area`;

export function addHighlight(map: MapLibreMap): void {
  map.addSource(SOURCE, { type: 'geojson', data: collection([]) });
  map.addLayer({
    id: HIGHLIGHT,
    type: 'fill',
    source: SOURCE,
    filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'fill-color': token('map-mark'), 'fill-opacity': 0.45, 'fill-outline-color': token('map-ink') },
  });
  map.addLayer({
    id: `${SOURCE}/line`,
    type: 'line',
    source: SOURCE,
    filter: ['==', ['geometry-type'], 'LineString'],
    paint: { 'line-color': token('map-mark'), 'line-width': 7, 'line-opacity': 0.8 },
  });
  map.addLayer({
    id: `${SOURCE}/point`,
    type: 'circle',
    source: SOURCE,
    filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': 11,
      'circle-color': token('map-mark'),
      'circle-opacity': 0.15,
      'circle-stroke-color': token('map-ink'),
      'circle-stroke-width': 3,
    },
  });
}

/** Marks these pieces and nothing else. */
export function highlight(map: MapLibreMap, pieces: readonly GeoJSONFeature[]): void {
  map.getSource<GeoJSONSource>(SOURCE)?.setData(collection(pieces));
}

function collection(pieces: readonly GeoJSONFeature[]): GeoJSON.FeatureCollection {
  const features = pieces.map(({ geometry }) => ({ type: 'Feature' as const, geometry, properties: {} }));
  return { type: 'FeatureCollection', features };
}
