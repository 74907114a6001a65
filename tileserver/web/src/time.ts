/**
 * Times for people in Japan Standard Time, and times in addresses in UTC.
 *
 * Japan has kept UTC+9 without summer time since 1952, so the offset is a constant and the text
 * does not depend on the reader's own time zone.
 */

import { say, type Language } from './words';

const JST_OFFSET_MS = 9 * 3_600_000;
const MINUTE_MS = 60_000;

/** `20170807T011000Z`, the form used in addresses and file names. */
export function compact(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** The moment that [`compact`] writes, or `null` for any other text. */
export function fromCompact(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}

/** Day and time with the year: for times that may lie far back. */
export function dayAndTime(language: Language, time: number): string {
  return say(language, 'web-time-full', parts(language, time));
}

/** Day and time, with the year only if it is another than that of `near`. */
export function shortTime(language: Language, time: number, near: number | null): string {
  const at = parts(language, time);
  const isNear = near !== null && parts(language, near).year === at.year;
  return isNear ? say(language, 'web-time-short', at) : dayAndTime(language, time);
}

/** How long ago something was, e.g. `12分前`; less than a minute as none. */
export function age(language: Language, time: number, now: number): string {
  const total = Math.max(0, Math.floor((now - time) / MINUTE_MS));
  const [hours, minutes] = [Math.floor(total / 60), total % 60];
  return hours === 0 ? say(language, 'web-age-minutes', { minutes }) : say(language, 'web-age-hours', { hours, minutes });
}

/** Hour and minute, e.g. `10:10`. */
export function clockTime(time: number): string {
  const { hour, minute } = parts('ja', time);
  return `${hour}:${minute}`;
}

/** Hour and minute, with the day in front of it unless it is the day of `now`. */
export function timeOfDay(language: Language, time: number, now: number): string {
  const [at, today] = [parts(language, time), parts(language, now)];
  const sameDay = at.year === today.year && at.month === today.month && at.day === today.day;
  return sameDay ? clockTime(time) : dayAndTime(language, time);
}

/** 予報時間, the distance from 初期時刻 to 対象時刻, e.g. `+1時間30分`. */
export function leadTime(language: Language, referenceTime: number, validTime: number): string {
  const total = Math.round((validTime - referenceTime) / MINUTE_MS);
  const sign = total < 0 ? '−' : '+';
  const hours = Math.floor(Math.abs(total) / 60);
  const minutes = Math.abs(total) % 60;
  if (minutes === 0) return say(language, 'web-lead-hours', { sign, hours });
  if (hours === 0) return say(language, 'web-lead-minutes', { sign, minutes });
  return say(language, 'web-lead-both', { sign, hours, minutes });
}

/** Texts, but numbers where a language chooses a word by them. */
type Parts = Record<'year' | 'weekday' | 'hour' | 'minute', string> & Record<'month' | 'day', number>;

function parts(language: Language, time: number): Parts {
  const at = new Date(time + JST_OFFSET_MS);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    year: String(at.getUTCFullYear()),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    weekday: say(language, `web-weekday-${at.getUTCDay()}`),
    hour: two(at.getUTCHours()),
    minute: two(at.getUTCMinutes()),
  };
}
