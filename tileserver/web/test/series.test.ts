import { expect, test } from 'vitest';

import { Malformed } from '../src/reading';
import { chartOf, readSeries, seriesAddress, SIZE, ticks, toldReadings, toldSteps, type Series } from '../src/series';

const ISSUED = Date.UTC(2026, 8, 1, 12, 0);
const HOUR = 3_600_000;
const at = (hours: number): string => new Date(ISSUED + hours * HOUR).toISOString();

/** Water that rises by 0.1 m in 10 minutes for 36 h, with a band that widens. */
const answer = {
  id: 'g1',
  name: '霧鏡川',
  reference_time: at(0),
  danger_m: 12,
  overflow_m: 13.5,
  observed: [[at(-7), 9, true], [at(-1), 9.5, true], [at(-0.5), 99, false], [at(-0.25), null, true], [at(0), 10, true]],
  forecast: Array.from({ length: 216 }, (_, i) => {
    const middle = 10 + 0.02 * (i + 1);
    return { valid_time: at((i + 1) / 6), p10_m: middle - 0.01 * i, p50_m: middle, p90_m: middle + 0.01 * i, p_danger: 0.2, p_overflow: null };
  }),
};

test('readings that were doubted stay, unconfirmed; holes are no readings', () => {
  const series = readSeries(answer);
  expect(series.observed.map(({ level, isConfirmed }) => [level, isConfirmed])).toEqual([[9, true], [9.5, true], [99, false], [10, true]]);
  expect(series.forecast).toHaveLength(216);
  expect([series.danger, series.overflow, series.referenceTime]).toEqual([12, 13.5, ISSUED]);
});

test('a series of another form is refused', () => {
  const [first] = answer.forecast;
  const steps = [{ ...first, p10_m: 99 }, { ...first, p90_m: null }, { ...first, valid_time: 'soon' }];
  for (const step of steps) expect(() => readSeries({ ...answer, forecast: [step] })).toThrow(Malformed);
  expect(() => readSeries({ ...answer, observed: [[at(0), 'high', true]] })).toThrow(Malformed);
});

test('the table tells leads of the next hours and of the end', () => {
  const leads = toldSteps(readSeries(answer)).map(({ time }) => (time - ISSUED) / HOUR);
  expect(leads).toEqual([1, 2, 3, 4, 5, 6, 9, 12, 18, 24, 36]);
});

test('no level above the overflow level is left out of chart and table', () => {
  const observed = [[at(-2), 14.5, false], [at(-1), 9.5, true], [at(-0.5), -99, false], [at(-0.25), 9.6, false]];
  const series = readSeries({ ...answer, observed });
  expect(toldReadings(series).map(({ level }) => level)).toEqual([14.5, 9.5, 9.6]);
  const chart = chartOf(series);
  expect(chart.observed).toHaveLength(1);
  expect(chart.unconfirmed).toHaveLength(3);
  const [high, low] = chart.unconfirmed.map(([, y]) => y);
  expect(high).toBeLessThan(chart.overflow ?? 0);
  expect(high).toBeGreaterThanOrEqual(SIZE.top);
  expect(low, 'far off is at the rim').toBe(SIZE.height - SIZE.bottom);
  const alone = chartOf({ ...series, danger: null, overflow: null, forecast: [], observed: series.observed.slice(0, 1) });
  expect(alone.unconfirmed.flat().every(Number.isFinite)).toBe(true);
});

test('an id with characters of addresses stays one part of the address', () => {
  const address = 'https://example.jp/series/levels/1/{id}.json';
  expect(seriesAddress(address, 'g1')).toBe('https://example.jp/series/levels/1/g1.json');
  expect(seriesAddress(address, 'a/#%$&')).toBe('https://example.jp/series/levels/1/a%2F%23%25%24%26.json');
});

/** Every place of a path. */
const places = (path: string): [number, number][] => [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);

test('everything lies within the chart, higher levels above lower ones, thresholds in sight', () => {
  const chart = chartOf(readSeries(answer));
  const all = [...places(chart.band), ...places(chart.middle), ...chart.observed, ...chart.unconfirmed];
  for (const [x, y] of all) {
    expect(x).toBeGreaterThanOrEqual(SIZE.left);
    expect(x).toBeLessThanOrEqual(SIZE.width - SIZE.right);
    expect(y).toBeGreaterThanOrEqual(SIZE.top);
    expect(y).toBeLessThanOrEqual(SIZE.height - SIZE.bottom);
  }
  expect(chart.observed, 'the last six hours').toHaveLength(2);
  expect(chart.overflow).toBeGreaterThanOrEqual(SIZE.top);
  expect(chart.overflow).toBeLessThan(chart.danger ?? 0);
  expect(chart.danger).toBeLessThan(chart.observed[1]?.[1] ?? 0);
  const middle = places(chart.middle);
  expect(middle[0]?.[0]).toBeGreaterThan(chart.now);
  expect(middle).toHaveLength(72);
  expect(middle.at(-1)?.[1]).toBeLessThan(middle[0]?.[1] ?? 0);
});

test('a gauge without readings, levels or forecast still has a chart', () => {
  const bare: Series = { name: '', referenceTime: ISSUED, danger: null, overflow: null, observed: [], forecast: [] };
  const chart = chartOf(bare);
  expect([chart.band, chart.middle, chart.danger, chart.overflow]).toEqual(['', '', null, null]);
  expect(JSON.stringify(chart)).not.toContain('null,null,null');
  expect(chart.levels.every(({ y }) => Number.isFinite(y))).toBe(true);
});

test('levels of the axis are few and round', () => {
  expect(ticks(9.9, 13.6)).toEqual([10, 11, 12, 13]);
  expect(ticks(0.1, 0.6)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
  expect(ticks(-1.2, 9)).toEqual([0, 2, 4, 6, 8]);
  for (const range of [0.5, 3, 17, 240]) expect(ticks(5, 5 + range).length).toBeLessThan(7);
});
