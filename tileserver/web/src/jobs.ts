/** Long work on the server: what a job is, and how far it has come. */

import type { Refusal } from './answers';
import { list, number, optional, record, string, time } from './reading';

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface JobProgress {
  /** Name of the stage, e.g. `tiles`. */
  readonly stage: string;
  readonly done: number;
  /** Steps of the stage; `null` where nobody knows. */
  readonly total: number | null;
}

export interface Job {
  readonly id: string;
  /** Words of the command line, e.g. `import`, `upload:…/a.zip`, `--layer`, `houses`. */
  readonly words: readonly string[];
  readonly state: JobState;
  readonly progress: JobProgress | null;
  /** Why it failed, as far as that was told. */
  readonly fault: Pick<Refusal, 'title' | 'detail' | 'hint'> | null;
  readonly attempts: number;
  readonly created: number;
  readonly started: number | null;
  readonly finished: number | null;
  readonly by: string | null;
  readonly isCancelling: boolean;
}

const STATES: readonly JobState[] = ['queued', 'running', 'done', 'failed', 'cancelled'];

export const JOBS = '/api/v1/jobs';

export function readJob(json: unknown): Job {
  const job = record(json, 'job');
  const state = STATES.find((each) => each === job['state']);
  return {
    id: string(job['id'], 'job.id'),
    words: list(job['words']).map((word) => string(word, 'job.words')),
    // A state that this page does not know is still on its way: it must not look finished.
    state: state ?? 'running',
    progress: optional(job['progress'], readProgress),
    fault: readFault(job['message']),
    attempts: optional(job['attempts'], number) ?? 0,
    created: time(job['created'], 'job.created'),
    started: optional(job['started'], time),
    finished: optional(job['finished'], time),
    by: optional(job['by'], string),
    isCancelling: job['cancel_requested'] === true,
  };
}

export function readJobs(json: unknown): Job[] {
  return list(record(json, 'jobs')['jobs']).map(readJob);
}

/** Whether nothing will happen to it any more. */
export function isOver({ state }: Pick<Job, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** What the job is about: the command without flags and files, e.g. `flood rain`. */
export function commandOf({ words }: Pick<Job, 'words'>): string {
  const end = words.findIndex((word) => word.startsWith('-') || word.includes(':') || word.includes('.'));
  return words.slice(0, end === -1 ? words.length : end).join(' ');
}

/** The layer that an import makes. */
export function layerOf({ words }: Pick<Job, 'words'>): string | null {
  if (words[0] !== 'import') return null;
  return words[words.indexOf('--layer') + 1] ?? null;
}

/** Name of the uploaded file, as its owner called it. */
export function fileOf({ words }: Pick<Job, 'words'>): string | null {
  const word = words.find((each) => each.startsWith('upload:'));
  return word?.slice(word.indexOf('/') + 1) ?? null;
}

/** How much of the present stage is done, 0 to 1; `null` where nobody knows. */
export function shareOf({ state, progress }: Pick<Job, 'state' | 'progress'>): number | null {
  if (state === 'done') return 1;
  if (progress === null || progress.total === null || progress.total <= 0) return null;
  return Math.min(1, Math.max(0, progress.done / progress.total));
}

/** When a stage was first seen, and how far it was then. */
export interface Milestone {
  readonly stage: string;
  readonly at: number;
  readonly done: number;
}

/** A rate is believed after this time and this many steps. */
const WATCHED_MS = 5_000;
const WATCHED_STEPS = 2;

/**
 * Milliseconds until the stage is done, from the rate since `start`; `null` while that would be a
 * guess: unknown total, a stage just begun, no step seen.
 */
export function remaining(progress: JobProgress | null, start: Milestone | undefined, now: number): number | null {
  if (progress?.total == null || start === undefined || start.stage !== progress.stage) return null;
  const [elapsed, steps] = [now - start.at, progress.done - start.done];
  if (elapsed < WATCHED_MS || steps < WATCHED_STEPS) return null;
  return (elapsed / steps) * Math.max(0, progress.total - progress.done);
}

/** The list with a newer state of one of its jobs, newest job first. */
export function withJob(jobs: readonly Job[], job: Job): Job[] {
  const others = jobs.filter(({ id }) => id !== job.id);
  return [...others, job].sort((a, b) => (a.created === b.created ? 0 : b.created - a.created));
}

function readProgress(json: unknown): JobProgress {
  const progress = record(json, 'job.progress');
  return {
    stage: string(progress['stage'], 'job.progress.stage'),
    done: optional(progress['done'], number) ?? 0,
    total: optional(progress['total'], number),
  };
}

/** The first error of a result, or the message itself if it is one. */
function readFault(json: unknown): Job['fault'] {
  if (typeof json !== 'object' || json === null) return null;
  const message = json as Record<string, unknown>;
  const errors = list(message['errors']);
  const source = errors.length === 0 ? message : record(errors[0], 'job.message.errors');
  const word = (name: string): string => (typeof source[name] === 'string' ? (source[name] as string) : '');
  const fault = { title: word('title'), detail: word('detail'), hint: word('hint') };
  return fault.title === '' && fault.detail === '' ? null : fault;
}
