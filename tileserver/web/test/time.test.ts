import { expect, test } from 'vitest';

import { age, compact, clockTime, dayAndTime, fromCompact, leadTime, shortTime, timeOfDay } from '../src/time';

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

test('the year is left out within the year of the forecast only', () => {
  expect(shortTime('ja', ISSUED, Date.UTC(2017, 0, 1))).toBe('8月7日(月) 09:10');
  expect(shortTime('en', ISSUED, Date.UTC(2017, 0, 1))).toBe('Mon 7 Aug 09:10 JST');
  expect(shortTime('ja', ISSUED, Date.UTC(2016, 0, 1))).toBe('2017年8月7日(月) 09:10');
  expect(shortTime('ja', ISSUED, null)).toBe('2017年8月7日(月) 09:10');
});

test('an age is told in whole minutes, and never as the future', () => {
  const after = (seconds: number): string => age('ja', ISSUED, ISSUED + seconds * 1_000);
  expect([-60, 59, 720, 3_600, 5_460].map(after)).toEqual(['(0分前)', '(0分前)', '(12分前)', '(1時間0分前)', '(1時間31分前)']);
  expect(age('en', ISSUED, ISSUED + 5_460_000)).toBe('(1 h 31 min ago)');
});
