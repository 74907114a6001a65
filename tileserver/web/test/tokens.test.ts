import { readdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../src/${name}`, import.meta.url), 'utf8');

const sources = readdirSync(new URL('../src', import.meta.url)).filter((name) => name !== 'tokens.css');

/** Colours by token and theme. */
const tokens = new Map(
  [...read('tokens.css').matchAll(/--([a-z-]+):\s*(?:light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)|(#[0-9a-f]{6}));/g)].map(
    ([, name = '', light, dark, both]) => [name, { light: light ?? both ?? '', dark: dark ?? both ?? '' }] as const,
  ),
);

/** Relative luminance (WCAG 2.2). */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

test('the contrast of black on white is known', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 6);
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
});

/** Text, what it stands on, and the least contrast. */
const PAIRS: readonly [string, string, number][] = [
  ['ink', 'paper', 7],
  ['quiet', 'paper', 7],
  ['key', 'paper', 4.5],
  ['on-key', 'key', 4.5],
  ['on-key', 'key-strong', 4.5],
  ['key', 'key-soft', 4.5],
  ['ink', 'key-soft', 4.5],
  ['alarm', 'paper', 4.5],
  ['alarm', 'alarm-soft', 4.5],
  ['ink', 'alarm-soft', 4.5],
  ['good', 'good-soft', 4.5],
  ['warn', 'paper', 4.5],
  ['ink', 'warn-soft', 4.5],
  ['closed', 'closed-soft', 4.5],
  ['on-frame', 'replay', 4.5],
  ['on-frame', 'fictional', 4.5],
  ['chart-edge', 'map-paper', 3],
  ['chart-middle', 'map-paper', 3],
  ['edge', 'paper', 3],
  ['key', 'paper', 3],
];

test.each(['light', 'dark'] as const)('every pair of colours can be told apart in the %s theme', (theme) => {
  for (const [front, back, least] of PAIRS) {
    const [a, b] = [tokens.get(front)?.[theme], tokens.get(back)?.[theme]];
    if (a === undefined || b === undefined) throw new Error(`no token ${front} or ${back}`);
    expect(contrast(a, b), `${front} on ${back}`).toBeGreaterThanOrEqual(least);
  }
});

test('the ring of focus is seen on every ground', () => {
  for (const theme of ['light', 'dark'] as const) {
    for (const ground of ['paper', 'ground', 'key', 'map-ground']) {
      const against = ['focus', 'focus-ring'].map((ring) => contrast(tokens.get(ring)?.[theme] ?? '', tokens.get(ground)?.[theme] ?? ''));
      expect(Math.max(...against), `${ground}, ${theme}`).toBeGreaterThanOrEqual(3);
    }
  }
});

test('no component has a colour or a size of type of its own', () => {
  const raw = /#[0-9a-fA-F]{3,8}\b(?!\()|\b(?:rgba?|hsla?|oklch|color-mix)\(|(?:color|background|fill|stroke|border|outline)[a-z-]*:\s*(?:white|black|red|gray|grey|yellow)\b|font-size:\s*[\d.]/g;
  const found = sources.flatMap((name) => {
    // Private names such as `#fade(` are no colours.
    const text = read(name).replace(/#[a-z]\w*\s*[(<=?.;:]/g, '').replace(/^\s*(?:\*|\/\/|\/\*).*$/gm, '');
    return [...text.matchAll(raw)].map(([color]) => `${name}: ${color}`);
  });
  expect(found).toEqual([]);
});

test('every token that a component names exists, and none lies idle', () => {
  const all = new Set([...read('tokens.css').matchAll(/--([a-z-]+):/g)].map(([, name]) => name));
  const own = new Set(sources.flatMap((name) => [...read(name).matchAll(/--([a-z-]+):/g)].map(([, each]) => each)));
  const used = new Set(
    sources.flatMap((name) => [...read(name).matchAll(/var\(--([a-z-]+)|token\('([a-z-]+)'\)/g)].map(([, css, canvas]) => css ?? canvas)),
  );
  expect([...used].filter((name) => !all.has(name) && !own.has(name))).toEqual([]);
  expect([...all].filter((name) => !used.has(name))).toEqual([]);
});
