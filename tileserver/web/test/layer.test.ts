import { afterEach, expect, test, vi } from 'vitest';

import { arranged, Atlas, drawable, groupOf, isFirst, isStale, startingTime, type Layer, type ReadyLayer } from '../src/atlas';
import { attributesOf, nameOf } from '../src/attributes';
import { readCatalogue, readDescription, type Description, type Entry, type Field, type Mode } from '../src/contract';
import { legendOf } from '../src/legend';
import { frameOf } from '../src/notices';
import { Malformed } from '../src/reading';
import { wantedAt } from '../src/plan';

const text = (ja: string, en = ja): { ja: string; en: string } => ({ ja, en });
const rain = { label: text('1～5 mm'), color: '#a0d2ff', symbol: 'fill' as const };

const answer = {
  tilejson: '3.0.0',
  tiles: ['http://example.test/tiles/rain/v1/20170807T011000Z/{z}/{x}/{y}.mvt'],
  minzoom: 4,
  maxzoom: 11,
  bounds: [138, 36, 139, 37],
  temporal: {
    reference_time: '2017-08-07T00:10:00Z',
    valid_times: ['2017-08-07T01:10:00Z', '2017-08-07T02:10:00Z'],
    current: '2017-08-07T01:10:00Z',
    expires: '2017-08-07T01:40:00Z',
    clock: null,
    mode: 'live',
    tiles: 'http://example.test/tiles/rain/v1/{time}/{z}/{x}/{y}.mvt',
  },
  layer: {
    attribution: text('気象庁', 'JMA'),
    fields: [{ name: 'rain_mm', type: 'float', title: text('1時間雨量', 'Rain in 1 h'), unit: 'mm' }],
    style: [{ type: 'fill' }],
    legend: [rain],
  },
};

const [ISSUED, FIRST, EXPIRY, SECOND] = ['00:10', '01:10', '01:40', '02:10'].map((at) => Date.parse(`2017-08-07T${at}:00Z`)) as [number, number, number, number];

afterEach(() => vi.unstubAllGlobals());

function layer(mode: Mode, changes: Partial<Layer> = {}): ReadyLayer {
  const entry: Entry = {
    id: 'rain', title: text('雨'), kind: 'relayed', mode, version: 'v1', bounds: [138, 36, 139, 37],
    isRestricted: false, tilejson: '', referenceTime: ISSUED, expires: EXPIRY,
  };
  return { entry, description: readDescription(answer), problem: null, visible: true, opacity: 1, ...changes } as ReadyLayer;
}

test('a TileJSON is read with its times', () => {
  const read = readDescription(answer);
  expect([read.referenceTime, read.current, read.expires]).toEqual([ISSUED, FIRST, EXPIRY]);
  expect(read.validTimes).toEqual([FIRST, SECOND]);
  expect(read.tiles).toContain('{time}');
  const timeless: Description = readDescription({ ...answer, temporal: null });
  expect([timeless.validTimes, timeless.current]).toEqual([[], null]);
  expect(timeless.tiles).toBe(answer.tiles[0]);
});

test('an answer of another form is refused, not half used', () => {
  expect(readCatalogue({ generation: null, layers: [] })).toEqual({ generation: null, layers: [] });
  for (const wrong of [null, [], 'x', { layer: 1 }, { ...answer, bounds: [1, 2, 3] }, { ...answer, minzoom: '4' }]) {
    expect(() => readDescription(wrong)).toThrow(Malformed);
  }
  expect(() => readCatalogue({ generation: 'g', layers: [{ id: 'a' }] })).toThrow(Malformed);
});

test('only a live layer goes stale', () => {
  expect(isStale(layer('live'), EXPIRY - 1)).toBe(false);
  expect(isStale(layer('live'), EXPIRY)).toBe(true);
  expect(isStale(layer('live', { problem: 'expired' }), 0)).toBe(true);
  expect(isStale(layer('replay'), EXPIRY)).toBe(false);
  expect(isStale(layer('fictional'), EXPIRY)).toBe(false);
  expect(drawable([layer('live'), layer('replay')], EXPIRY)).toHaveLength(1);
});

test('the slider starts at the now of the layer', () => {
  expect(startingTime([layer('live')], FIRST + 1)).toBe(SECOND);
  expect(startingTime([layer('replay')], Date.UTC(2026, 0, 1))).toBe(FIRST);
  expect(startingTime([], 0)).toBeNull();
});

test('the step on screen and the one to hold ready', () => {
  expect(wantedAt([layer('replay')], FIRST)).toMatchObject([{ id: 'rain', time: FIRST, next: SECOND }]);
  expect(wantedAt([layer('replay')], SECOND)).toMatchObject([{ time: SECOND, next: null }]);
  expect(wantedAt([layer('live')], SECOND + 1)).toEqual([]);
});

test('the frame follows what is visible', () => {
  expect(frameOf([layer('live')])).toBeNull();
  expect(frameOf([layer('live'), layer('replay')])).toBe('replay');
  expect(frameOf([layer('fictional'), layer('replay')])).toBe('fictional');
  expect(frameOf([layer('fictional', { visible: false })])).toBeNull();
});

test('changing areas have a legend line for no data', () => {
  const lines = legendOf({ legend: [rain], validTimes: [FIRST] });
  expect(lines.map(({ label }) => label.ja)).toEqual(['1～5 mm', 'データなし(塗りなし)']);
  expect(lines[1]?.color).toBeNull();
  expect(legendOf({ legend: [rain], validTimes: [] })).toEqual([rain]);
});

test('attributes have titles, units and the labels of codes', () => {
  const field = (name: string, more: Partial<Field> = {}): Field => ({ name, type: 'text', title: text(`${name}の題`, name), isTime: false, unit: null, codes: [], ...more });
  const fields = [
    field('name'),
    field('level', { unit: 'm' }),
    field('class', { codes: [{ value: 2, label: text('強い', 'strong'), color: '#f00' }] }),
    field('open'),
    field('town_code'),
    field('absent'),
  ];
  const properties = { name: '<b>前橋</b>', level: Math.fround(79.9), class: 2, open: true, town_code: 10201, secret: 'x' };
  expect(attributesOf({ fields, referenceTime: null }, properties, 'ja').map(({ title, value, color }) => [title, value, color])).toEqual([
    ['nameの題', '<b>前橋</b>', null],
    ['levelの題', '79.9 m', null],
    ['classの題', '強い', '#f00'],
    ['openの題', 'はい', null],
    ['town_codeの題', '10201', null],
  ]);
  expect(nameOf({ fields, referenceTime: null, style: [] }, { id: 7, properties }, 'ja')).toBe('<b>前橋</b>');
  const labelled = [{ type: 'symbol', layout: { 'text-field': ['to-string', ['get', 'class']] } }];
  expect(nameOf({ fields, referenceTime: null, style: labelled }, { id: 7, properties }, 'en')).toBe('strong');
  expect(nameOf({ fields, referenceTime: null, style: [] }, { id: 7, properties: { level: 3 } }, 'en')).toBe('level 3 m');
  expect(nameOf({ fields: [], referenceTime: null, style: [] }, { id: 7, properties }, 'en')).toBe('7');
});

test('times are told as people say them, by the schema and not by how a text looks', () => {
  const field = (name: string, isTime: boolean): Field => ({ name, type: 'text', title: text(name), isTime, unit: null, codes: [] });
  const layer = { fields: [field('at', true), field('before', true), field('odd', true), field('note', false)], referenceTime: ISSUED };
  const at = '2017-08-07T15:30:00Z';
  const properties = { at, before: '2016-12-31T23:00:00Z', odd: 'later', note: at };
  const told = (language: 'ja' | 'en', from: number | null): string[] =>
    attributesOf({ ...layer, referenceTime: from }, properties, language).map(({ value }) => value);
  expect(told('ja', ISSUED)).toEqual(['8月8日(火) 00:30(+15時間20分)', '1月1日(日) 08:00', 'later', at]);
  expect(told('en', ISSUED)[0]).toBe('Tue 8 Aug 00:30 JST (+15 h 20 min)');
  expect(told('ja', null)[0]).toBe('2017年8月8日(火) 00:30');
});

test('what was missing is read with its words', () => {
  const fault = { code: 'forecast-rain-late', count: 1, title: text('降水予測が更新されていません', 'late') };
  expect(readDescription({ ...answer, faults: [fault] }).faults).toEqual([fault]);
  expect(readDescription(answer).faults).toEqual([]);
  const standing = readDescription({ ...answer, standing: [fault] });
  expect([standing.faults, standing.standing]).toEqual([[], [fault]]);
  expect(() => readDescription({ ...answer, faults: [{ code: 'x' }] })).toThrow(Malformed);
  const dated = { ...answer.layer, fields: [{ name: 'at', type: 'text', format: 'date-time', title: text('時刻') }] };
  expect(readDescription({ ...answer, layer: dated }).fields[0]?.isTime).toBe(true);
  expect(readDescription(answer).fields[0]?.isTime).toBe(false);
});

/** A layer of this id that is drawn with these types and has no time. */
const still = (id: string, ...types: string[]): ReadyLayer => {
  const { entry, description, ...rest } = layer('fictional');
  return { ...rest, entry: { ...entry, id }, description: { ...description, validTimes: [], style: types.map((type) => ({ type })) } };
};

const idsOf = (layers: readonly Layer[]): string[] => layers.map(({ entry }) => entry.id);

test('the panel has groups as layers lie on the map, and the reader\'s order within them', () => {
  const layers = [still('towns', 'fill', 'line'), still('wells', 'circle'), still('rivers', 'line'), layer('fictional'), still('gauges', 'circle', 'symbol')];
  expect(layers.map(groupOf)).toEqual(['areas', 'points', 'lines', 'timed', 'points']);
  expect(idsOf(arranged(layers, []))).toEqual(['rain', 'wells', 'gauges', 'rivers', 'towns']);
  expect(idsOf(arranged(layers, ['towns', 'gauges', 'wells']))).toEqual(['rain', 'gauges', 'wells', 'rivers', 'towns']);
  const more = [...layers, still('shelters', 'circle')];
  expect(idsOf(arranged(more, ['shelters', 'wells'])), 'what is not named keeps its place').toEqual([
    'rain', 'shelters', 'gauges', 'wells', 'rivers', 'towns',
  ]);
});

test('a map with a forecast begins without the places that would cover it', () => {
  const of = (id: string, kind: ReadyLayer['entry']['kind'], ...types: string[]): ReadyLayer => {
    const made = still(id, ...types);
    return { ...made, entry: { ...made.entry, kind } };
  };
  const [shelters, gauges, towns] = [of('shelters', 'designated', 'circle'), of('gauges', 'observation', 'circle'), of('towns', 'inventory', 'fill')];
  const forecast = of('levels', 'forecast', 'circle');
  const first = (layers: readonly ReadyLayer[]): string[] => idsOf(layers.filter((layer) => isFirst(layer, layers)));
  expect(first([shelters, gauges, towns])).toEqual(['shelters', 'gauges', 'towns']);
  expect(first([shelters, gauges, towns, forecast])).toEqual(['gauges', 'towns', 'levels']);
  const hidden = { ...forecast, description: { ...forecast.description, isHidden: true } };
  expect(first([shelters, hidden])).toEqual(['shelters']);
  expect(idsOf(arranged([shelters, gauges, forecast], [])), 'what is foreseen lies in front').toEqual(['levels', 'gauges', 'shelters']);
});

test('a layer changes places with its neighbour of the same group only', () => {
  const atlas = new Atlas();
  atlas.layers = arranged([still('a', 'circle'), still('b', 'circle'), still('c', 'line')], []);
  atlas.move('a', 1);
  expect(idsOf(atlas.layers)).toEqual(['b', 'a', 'c']);
  atlas.move('a', 1);
  atlas.move('c', -1);
  atlas.move('unknown', 1);
  expect(idsOf(atlas.layers)).toEqual(['b', 'a', 'c']);
});

test('what was asked for one person is never shown to the next', async () => {
  const secret = { id: 'houses', title: text('家屋'), kind: 'register', mode: 'fictional', access: 'restricted', version: 'v', bounds: [0, 0, 1, 1], tilejson: '/tiles/houses.json' };
  let hold: (() => void) | undefined;
  let isSignedIn = true;
  vi.stubGlobal('location', { origin: 'http://example.test' });
  vi.stubGlobal('fetch', async (url: string) => {
    if (url !== '/catalog.json') return Response.json({ ...answer, temporal: null });
    const answered = Response.json({ generation: 'g', layers: isSignedIn ? [secret] : [] });
    if (isSignedIn) await new Promise<void>((resolve) => (hold = resolve));
    return answered;
  });
  const atlas = new Atlas();
  const late = atlas.load();
  await vi.waitFor(() => expect(hold).toBeDefined());
  isSignedIn = false;
  atlas.forget();
  await atlas.load();
  hold?.();
  await late;
  expect(atlas.layers).toEqual([]);
});
