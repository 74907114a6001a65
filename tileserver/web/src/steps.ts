/** Which time step a layer shows. */

import type { Description, Mode } from './contract';

/** All valid times of these layers, ascending, each once: the stops of the time slider. */
export function allSteps(layers: readonly Pick<Description, 'validTimes'>[]): number[] {
  return [...new Set(layers.flatMap((layer) => layer.validTimes))].sort((a, b) => a - b);
}

/**
 * The step of one layer when the slider stands at `time`: the first at or after it. Behind its last
 * step a replay or fictional layer keeps the last one; a live layer has nothing to show.
 */
export function stepAt(validTimes: readonly number[], time: number, mode: Mode): number | null {
  const next = validTimes.find((valid) => time <= valid);
  if (next !== undefined) return next;
  return mode === 'live' ? null : (validTimes.at(-1) ?? null);
}

/** The stop nearest to `time`, the earlier of two equally near ones. */
export function nearestStep(steps: readonly number[], time: number): number | null {
  let nearest: number | null = null;
  for (const step of steps) {
    if (nearest === null || Math.abs(step - time) < Math.abs(nearest - time)) nearest = step;
  }
  return nearest;
}
