import { expect, test } from 'vitest';

import { allSteps, nearestStep, stepAt } from '../src/steps';

test('the slider has every step once, in order', () => {
  expect(allSteps([{ validTimes: [10, 20, 30] }, { validTimes: [] }, { validTimes: [5, 20] }])).toEqual([5, 10, 20, 30]);
});

test('a layer shows its first step at or after the slider', () => {
  expect([0, 10, 11, 30].map((time) => stepAt([10, 20, 30], time, 'live'))).toEqual([10, 10, 20, 30]);
});

test('behind the last step only a live layer has nothing', () => {
  expect(stepAt([10, 20], 21, 'live')).toBeNull();
  expect(stepAt([10, 20], 21, 'replay')).toBe(20);
  expect(stepAt([10, 20], 21, 'fictional')).toBe(20);
  expect(stepAt([], 21, 'replay')).toBeNull();
});

test('the slider stands at the nearest stop', () => {
  expect([0, 14, 15, 16, 99].map((time) => nearestStep([10, 20, 30], time))).toEqual([10, 10, 10, 20, 30]);
  expect(nearestStep([], 5)).toBeNull();
});
