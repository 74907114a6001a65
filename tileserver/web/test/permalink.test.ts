import { expect, test } from 'vitest';

import { readPermalink, writePermalink, type Permalink } from '../src/permalink';

const FULL: Permalink = {
  view: { zoom: 9.25, latitude: 36.39062, longitude: 139.06041 },
  layers: new Map([
    ['rain_forecast', 0.7],
    ['gauges', 1],
  ]),
  time: Date.UTC(2017, 7, 7, 2, 10),
  language: 'en',
};

test('a full address is readable, and comes back', () => {
  const hash = writePermalink(FULL);
  expect(hash).toBe('#map=9.25/36.39062/139.06041&layers=rain_forecast:0.7,gauges&time=20170807T021000Z&lang=en');
  expect(readPermalink(hash)).toEqual(FULL);
});

test('no layers is another thing than no word about layers', () => {
  expect(readPermalink('#layers=').layers).toEqual(new Map());
  expect(readPermalink('#lang=ja').layers).toBeNull();
  expect(writePermalink({ ...readPermalink(''), layers: new Map() })).toBe('#layers=');
});

test('whatever cannot be read is left out, and the rest is used', () => {
  const nothing = { view: null, layers: null, time: null, language: null };
  for (const hash of ['', '#', '#map=', '#map=1/2', '#map=1/2/3/4', '#map=9/91/139', '#map=NaN/1/1', '#map=1e3/1/1', '#lang=fr', '#time=now', '#=x&&&']) {
    expect(readPermalink(hash), hash).toEqual(nothing);
  }
  const mixed = readPermalink('#map=x&layers=Rain,<b>,gauges:2,rivers:0.5,banks:,a:b&lang=ja');
  expect(mixed.layers).toEqual(new Map([['rivers', 0.5]]));
  expect(mixed.language).toBe('ja');
});
