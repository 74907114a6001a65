import { expect, test } from 'vitest';

import { compact, clockTime, dayAndTime, fromCompact, leadTime, timeOfDay } from '../src/time';

const ISSUED = Date.UTC(2017, 7, 7, 0, 10);

test('times are told in JST, whatever the zone of the reader', () => {
  expect(dayAndTime('ja', ISSUED)).toBe('2017年8月7日(月) 09:10');
  expect(dayAndTime('en', ISSUED)).toBe('Mon 7 Aug 2017 09:10 JST');
  expect(clockTime(ISSUED)).toBe('09:10');
});

test('a day begins at 15:00 UTC', () => {
  expect(dayAndTime('ja', Date.UTC(2026, 11, 31, 14, 59))).toBe('2026年12月31日(木) 23:59');
  expect(dayAndTime('ja', Date.UTC(2026, 11, 31, 15, 0))).toBe('2027年1月1日(金) 00:00');
});

test('the day is left out on the same day only', () => {
  expect(timeOfDay('ja', ISSUED, Date.UTC(2017, 7, 7, 14, 59))).toBe('09:10');
  expect(timeOfDay('ja', ISSUED, Date.UTC(2017, 7, 7, 15, 0))).toBe('2017年8月7日(月) 09:10');
});

test('lead times have a sign and both units', () => {
  const lead = (minutes: number): string => leadTime('ja', ISSUED, ISSUED + minutes * 60_000);
  expect([0, 10, 60, 90, 360, -30].map(lead)).toEqual(['+0時間', '+10分', '+1時間', '+1時間30分', '+6時間', '−30分']);
  expect(leadTime('en', ISSUED, ISSUED + 90 * 60_000)).toBe('+1 h 30 min');
});

test('compact times are those of addresses, and come back', () => {
  expect(compact(ISSUED)).toBe('20170807T001000Z');
  expect(fromCompact('20170807T001000Z')).toBe(ISSUED);
  for (const wrong of ['', '2017-08-07T00:10:00Z', '20170807T0010Z', '20171307T001000Z', '20170807T001000Z ']) {
    expect(fromCompact(wrong), wrong).toBeNull();
  }
});
