/** The mark around the feature whose attributes are shown. */

import type { GeoJSONFeature, GeoJSONSource, Map as MapLibreMap } from 'maplibre-gl';

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
    paint: { 'fill-color': '#ffd43d', 'fill-opacity': 0.45, 'fill-outline-color': '#1a1a1c' },
  });
  map.addLayer({
    id: `${SOURCE}/line`,
    type: 'line',
    source: SOURCE,
    filter: ['==', ['geometry-type'], 'LineString'],
    paint: { 'line-color': '#ffd43d', 'line-width': 7, 'line-opacity': 0.8 },
  });
  map.addLayer({
    id: `${SOURCE}/point`,
    type: 'circle',
    source: SOURCE,
    filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': 11,
      'circle-color': '#ffd43d',
      'circle-opacity': 0.15,
      'circle-stroke-color': '#1a1a1c',
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
