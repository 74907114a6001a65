import { expect, test } from 'vitest';

import { depthOf, faded, opacityPaint, specificationOf } from '../src/paint';

test('opacity multiplies numbers and expressions', () => {
  expect(faded(0.8, 0.5)).toBe(0.4);
  expect(faded(['get', 'strength'], 0.5)).toEqual(['*', ['get', 'strength'], 0.5]);
  expect(faded(['match', ['get', 'c'], 1, 0.3, 0.75], 0.5)).toEqual(['*', ['match', ['get', 'c'], 1, 0.3, 0.75], 0.5]);
});

test('an expression on the zoom stays outermost', () => {
  expect(faded(['interpolate', ['linear'], ['zoom'], 6, 0.2, 12, 1], 0.5)).toEqual([
    'interpolate', ['linear'], ['zoom'], 6, 0.1, 12, 0.5,
  ]);
  expect(faded(['step', ['zoom'], 0.2, 8, ['get', 'x']], 0.5)).toEqual(['step', ['zoom'], 0.1, 8, ['*', ['get', 'x'], 0.5]]);
});

test('steps of time do not cross-fade', () => {
  expect(opacityPaint({ type: 'fill' }, 0.5)).toEqual({
    'fill-opacity': 0.5,
    'fill-opacity-transition': { duration: 0, delay: 0 },
  });
  expect(Object.keys(opacityPaint({ type: 'circle' }, 1))).toContain('circle-stroke-opacity');
});

test('a style keeps its own paint', () => {
  const place = { id: 'rain@1/0', source: 'rain@1', layer: 'rain' };
  const made = specificationOf({ type: 'fill', paint: { 'fill-color': '#fff', 'fill-opacity': 0.5 } }, place, 0.5);
  expect(made).toMatchObject({
    id: 'rain@1/0', source: 'rain@1', 'source-layer': 'rain', paint: { 'fill-color': '#fff', 'fill-opacity': 0.25 },
  });
});

test('areas lie below lines, lines below points, points below labels', () => {
  const depths = ['fill', 'line', 'circle', 'symbol'].flatMap((type) => [depthOf(type, false), depthOf(type, true)]);
  expect(depths).toEqual([...depths].sort((a, b) => a - b));
  expect(new Set(depths).size).toBe(8);
});
