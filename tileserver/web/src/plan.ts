/** From the layers and the slider to what shall be drawn. */

import type { ReadyLayer } from './atlas';
import type { Wanted } from './drawing';
import { allSteps, stepAt } from './steps';

/** What shall be on screen when the slider stands at `time`, one of the layers' steps. */
export function wantedAt(layers: readonly ReadyLayer[], time: number | null): Wanted[] {
  const steps = allSteps(layers.map(({ description }) => description));
  const following = time === null ? undefined : steps[steps.indexOf(time) + 1];
  return layers.flatMap(({ entry: { id, mode }, description, opacity }): Wanted[] => {
    const { validTimes } = description;
    if (validTimes.length === 0) return [{ id, description, opacity, time: null, next: null }];
    const shown = time === null ? null : stepAt(validTimes, time, mode);
    if (shown === null) return [];
    const next = following === undefined ? null : stepAt(validTimes, following, mode);
    return [{ id, description, opacity, time: shown, next: next === shown ? null : next }];
  });
}
