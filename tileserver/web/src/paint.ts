/** MapLibre layers from the style that a layer brings along. */

import type { LayerSpecification } from 'maplibre-gl';

import type { StyleLayer } from './contract';
import { token } from './tokens';

/** Paint properties that opacity acts on, by type of layer. */
const OPACITIES: Readonly<Record<string, readonly string[]>> = {
  fill: ['fill-opacity'],
  line: ['line-opacity'],
  circle: ['circle-opacity', 'circle-stroke-opacity'],
  symbol: ['text-opacity', 'icon-opacity'],
};

/** Areas lie below lines, lines below points, points below labels. */
const DEPTH: readonly string[] = ['fill', 'line', 'circle', 'symbol'];

/** Drawn for a layer without a style, whatever its geometry. */
const PLAIN: readonly StyleLayer[] = [
  { type: 'fill', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': token('map-plain'), 'fill-opacity': 0.3 } },
  { type: 'line', filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-color': token('map-plain'), 'line-width': 1.5 } },
  {
    type: 'circle',
    filter: ['==', ['geometry-type'], 'Point'],
    paint: { 'circle-color': token('map-plain'), 'circle-radius': 5, 'circle-stroke-color': token('map-paper'), 'circle-stroke-width': 1 },
  },
];

export function styleOf(style: readonly StyleLayer[]): readonly StyleLayer[] {
  return style.length === 0 ? PLAIN : style.filter(({ type }) => type in OPACITIES);
}

/** Position in the pile: type first, then what changes with time above what does not. */
export function depthOf(type: string, isTimed: boolean): number {
  return 2 * DEPTH.indexOf(type) + (isTimed ? 1 : 0);
}

/** The layer as MapLibre wants it, at the given opacity. */
export function specificationOf(
  style: StyleLayer,
  place: { readonly id: string; readonly source: string; readonly layer: string },
  opacity: number,
): LayerSpecification {
  const paint = { ...(style['paint'] as object | undefined), ...opacityPaint(style, opacity) };
  const written = { ...style, id: place.id, source: place.source, 'source-layer': place.layer, paint };
  // The server checks nothing about styles; MapLibre does, and reports what it refuses.
  return written as unknown as LayerSpecification;
}

/** The opacity properties of `style`, each multiplied by `opacity`. */
export function opacityPaint(style: StyleLayer, opacity: number): Record<string, unknown> {
  const paint = (style['paint'] ?? {}) as Record<string, unknown>;
  const entries = (OPACITIES[style.type] ?? []).flatMap((name) => [
    [name, faded(paint[name] ?? 1, opacity)],
    // Without this each step of time would cross-fade, and two times would be on screen at once.
    [`${name}-transition`, { duration: 0, delay: 0 }],
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** `value` times `opacity`, for a number or an expression. */
export function faded(value: unknown, opacity: number): unknown {
  if (typeof value === 'number') return value * opacity;
  if (!Array.isArray(value)) return opacity;
  const [operator, ...rest] = value as readonly unknown[];
  // Expressions on the zoom must stay outermost, so the factor goes to their outputs.
  if (operator === 'interpolate') {
    return [operator, ...rest.map((part, i) => (2 < i && i % 2 === 1 ? faded(part, opacity) : part))];
  }
  if (operator === 'step') {
    return [operator, ...rest.map((part, i) => (0 < i && i % 2 === 1 ? faded(part, opacity) : part))];
  }
  return ['*', value, opacity];
}
