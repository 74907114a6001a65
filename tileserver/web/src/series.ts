/** The series of a gauge: what was observed, what is foreseen, and where it lies on a small chart. */

import { list, Malformed, number, optional, record, string, time } from './reading';

/** A reading, in the datum of the gauge. */
export interface Reading {
  readonly time: number;
  readonly level: number;
  /** Whether quality control let it pass. What did not is shown as unconfirmed, never left out. */
  readonly isConfirmed: boolean;
}

/** The band of what the gauge will read: low (10 %), middle, high (90 %), and chances from 0 to 1. */
export interface Step {
  readonly time: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  readonly danger: number | null;
  readonly overflow: number | null;
}

export interface Series {
  readonly name: string;
  readonly referenceTime: number;
  /** 危険水位 and 氾濫開始水位, as far as the gauge has them. */
  readonly danger: number | null;
  readonly overflow: number | null;
  /** Readings in the order of time. */
  readonly observed: readonly Reading[];
  readonly forecast: readonly Step[];
}

const HOUR_MS = 3_600_000;
/** What the chart shows of past and future; the table reaches as far as the forecast. */
const PAST_MS = 6 * HOUR_MS;
const AHEAD_MS = 12 * HOUR_MS;
/** How far an unconfirmed reading may stretch the chart, in m; one beyond stands at the rim. */
const STRETCH_M = 2;
/** Leads of the table in hours. */
const TOLD_H = [1, 2, 3, 4, 5, 6, 9, 12, 18, 24, 36];

export function readSeries(json: unknown): Series {
  const root = record(json, 'series');
  return {
    name: optional(root['name'], string) ?? '',
    referenceTime: time(root['reference_time'], 'reference_time'),
    danger: optional(root['danger_m'], number),
    overflow: optional(root['overflow_m'], number),
    observed: list(root['observed']).flatMap((row) => {
      const [at, level, sound] = list(row);
      if (level === null) return [];
      return [{ time: time(at, 'observed'), level: number(level, 'observed'), isConfirmed: sound === true }];
    }),
    forecast: list(root['forecast']).map(readStep),
  };
}

/** Where the series of a place is; its id may hold any character. */
export function seriesAddress(address: string, id: string): string {
  return address.replace('{id}', () => encodeURIComponent(id));
}

function readStep(json: unknown): Step {
  const step = record(json, 'forecast');
  const level = (name: string): number => number(step[name], name);
  const read = {
    time: time(step['valid_time'], 'valid_time'),
    low: level('p10_m'),
    middle: level('p50_m'),
    high: level('p90_m'),
    danger: optional(step['p_danger'], number),
    overflow: optional(step['p_overflow'], number),
  };
  if (!(read.low <= read.middle && read.middle <= read.high)) throw new Malformed('forecast');
  return read;
}

/** The steps of the table. */
export function toldSteps({ referenceTime, forecast }: Series): Step[] {
  return TOLD_H.flatMap((hours) => forecast.find((step) => step.time === referenceTime + hours * HOUR_MS) ?? []);
}

/** The readings of the table: the last confirmed one, of the unconfirmed of the chart the last and the highest. */
export function toldReadings({ referenceTime, observed }: Series): Reading[] {
  const doubted = observed.filter(({ time, isConfirmed }) => !isConfirmed && referenceTime - PAST_MS <= time && time <= referenceTime);
  const highest = doubted.reduce<Reading | undefined>((best, reading) => (best === undefined || best.level <= reading.level ? reading : best), undefined);
  const told = [observed.filter(({ isConfirmed }) => isConfirmed).at(-1), doubted.at(-1), highest];
  return [...new Set(told)].filter((reading) => reading !== undefined).sort((a, b) => a.time - b.time);
}

/** Size of a chart and its margins, in its own units. */
export const SIZE = { width: 320, height: 180, left: 36, right: 16, top: 10, bottom: 22 } as const;

export interface Chart {
  readonly band: string;
  readonly middle: string;
  readonly observed: readonly (readonly [number, number])[];
  readonly unconfirmed: readonly (readonly [number, number])[];
  /** Where the two levels lie; `null` for one that the gauge has not. */
  readonly danger: number | null;
  readonly overflow: number | null;
  /** Where past and future meet. */
  readonly now: number;
  readonly levels: readonly { readonly y: number; readonly level: number }[];
  readonly times: readonly { readonly x: number; readonly time: number }[];
}

/** Everything of a chart by its place. Thresholds are always in sight, however far away. */
export function chartOf({ referenceTime, danger, overflow, observed, forecast }: Series): Chart {
  const [from, to] = [referenceTime - PAST_MS, referenceTime + AHEAD_MS];
  const past = observed.filter((reading) => from <= reading.time && reading.time <= referenceTime);
  const ahead = forecast.filter((step) => step.time <= to);
  const confirmed = past.filter(({ isConfirmed }) => isConfirmed);
  const doubted = past.filter(({ isConfirmed }) => !isConfirmed);
  const sure = [...confirmed.map(({ level }) => level), ...ahead.flatMap(({ low, high }) => [low, high]), ...[danger, overflow].filter((level) => level !== null)];
  // A reading of 99 m must not press all others flat.
  const [lowest, highest] = [Math.min(...sure) - STRETCH_M, Math.max(...sure) + STRETCH_M];
  const levels = [...sure, ...doubted.map(({ level }) => (sure.length === 0 ? level : Math.min(highest, Math.max(lowest, level))))];
  const [least, most] = [Math.min(...levels), Math.max(...levels)];
  const room = Math.max(0.25, 0.06 * (most - least));
  const [bottom, top] = levels.length === 0 ? [0, 1] : [least - room, most + room];
  const x = (time: number): number => round(SIZE.left + ((time - from) / (to - from)) * (SIZE.width - SIZE.left - SIZE.right));
  const y = (level: number): number => round(SIZE.top + ((top - level) / (top - bottom)) * (SIZE.height - SIZE.top - SIZE.bottom));
  const line = (points: readonly (readonly [number, number])[]): string => points.map(([time, level]) => `${x(time)} ${y(level)}`).join(' L');
  const highs = ahead.map((step) => [step.time, step.high] as const);
  const lows = ahead.map((step) => [step.time, step.low] as const).reverse();
  return {
    band: ahead.length === 0 ? '' : `M${line([...highs, ...lows])} Z`,
    middle: ahead.length === 0 ? '' : `M${line(ahead.map((step) => [step.time, step.middle] as const))}`,
    observed: confirmed.map(({ time, level }) => [x(time), y(level)] as const),
    unconfirmed: doubted.map(({ time, level }) => [x(time), y(Math.min(top, Math.max(bottom, level)))] as const),
    danger: danger === null ? null : y(danger),
    overflow: overflow === null ? null : y(overflow),
    now: x(referenceTime),
    levels: ticks(bottom, top).map((level) => ({ y: y(level), level })),
    times: [-6, -3, 0, 3, 6, 9, 12].map((hours) => ({ x: x(referenceTime + hours * HOUR_MS), time: referenceTime + hours * HOUR_MS })),
  };
}

/** Three to six round levels within a range. */
export function ticks(bottom: number, top: number): number[] {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((each) => (top - bottom) / each < 6) ?? 100;
  // A tenth is no number of a computer: a hair is let pass at both ends.
  const [first, last] = [Math.ceil(bottom / step - 1e-9), Math.floor(top / step + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, i) => Math.round((first + i) * step * 100) / 100);
}

function round(place: number): number {
  return Math.round(place * 10) / 10;
}
