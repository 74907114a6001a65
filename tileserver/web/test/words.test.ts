import { readdirSync, readFileSync } from 'node:fs';

import { FluentResource } from '@fluent/bundle';
import { expect, test } from 'vitest';

const words = (language: string): FluentResource =>
  new FluentResource(readFileSync(new URL(`../../../words/web.${language}.ftl`, import.meta.url), 'utf8'));

const ids = (language: string): string[] => words(language).body.map(({ id }) => id);

const sources = readdirSync(new URL('../src', import.meta.url))
  .map((name) => readFileSync(new URL(`../src/${name}`, import.meta.url), 'utf8'))
  .join('\n');

const pages = ['index.html', 'login.html'].map((name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')).join('\n');

test('both languages have the same messages, each once', () => {
  expect(ids('en')).toEqual(ids('ja'));
  expect(new Set(ids('ja')).size).toBe(ids('ja').length);
});

test('every message that the page names exists, and none lies idle', () => {
  const [inScript, inPages] = [sources.matchAll(/['"`](web-[a-z0-9-]+)['"`]/g), pages.matchAll(/%(?:ja|en):(web-[a-z0-9-]+)%/g)];
  const named = new Set([...inScript, ...inPages].map(([, id]) => id));
  const begun = [...sources.matchAll(/['"`](web-[a-z-]+-)\$\{/g)].map(([, start]) => start ?? '');
  expect([...named].filter((id) => id !== undefined && !ids('ja').includes(id))).toEqual([]);
  expect(ids('ja').filter((id) => !named.has(id) && !begun.some((start) => id.startsWith(start)))).toEqual([]);
});
