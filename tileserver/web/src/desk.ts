/** The jobs of the person who is signed in, kept up to date as they go. */

import { Problem, Refused, send } from './answers';
import type { Language } from './contract';
import { follow, type StreamEvent } from './events';
import { isOver, JOBS, readJob, readJobs, withJob, type Job, type Milestone } from './jobs';

/** Streams held at once: browsers open six connections to a server, and the map needs most. */
const STREAMS = 2;
/** How often the list is asked for: jobs begun elsewhere, and those beyond the streams. */
const POLL_MS = 10_000;

/** Fires `change` with whatever is new, and `finished` (detail: the `Job`) when a job has ended. */
export class Desk extends EventTarget {
  /** Newest first; `null` until the server has answered. */
  jobs: readonly Job[] | null = null;
  /** Whether news arrive. */
  isConnected = true;
  /** Where the present stage of each job was when first seen. */
  readonly milestones = new Map<string, Milestone>();

  readonly #streams = new Map<string, AbortController>();
  /** Jobs whose stream the server refuses: the list alone tells of them. */
  readonly #refused = new Set<string>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isOpen = false;

  /** Begins to follow the jobs. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#timer = setInterval(() => void this.load(), POLL_MS);
    void this.load();
  }

  /** Forgets everything: the person has gone. */
  close(): void {
    this.#isOpen = false;
    clearInterval(this.#timer);
    for (const stream of this.#streams.values()) stream.abort();
    this.#streams.clear();
    this.#refused.clear();
    this.milestones.clear();
    this.jobs = null;
    this.isConnected = true;
  }

  async load(): Promise<void> {
    try {
      const jobs = await send(JOBS, { method: 'GET', language: 'ja' }, readJobs);
      if (!this.#isOpen) return;
      const known = this.jobs ?? [];
      this.jobs = jobs.reduce<Job[]>(withJob, []);
      for (const job of jobs) this.#note(job, known.find(({ id }) => id === job.id));
      if (this.#streams.size === 0) this.isConnected = true;
    } catch (error) {
      if (!this.#isOpen) return;
      if (error instanceof Refused && error.refusal.status === 401) this.dispatchEvent(new Event('signed-out'));
      else if (error instanceof Problem || error instanceof Refused) this.isConnected = false;
      else throw error;
    }
    this.#follow();
    this.#changed();
  }

  /** Queues a job; the refusal, if any, is the caller's to tell. */
  async start(words: readonly string[], language: Language): Promise<Job> {
    const job = await send(JOBS, { method: 'POST', body: { words }, language }, readJob);
    this.#take(job);
    return job;
  }

  async cancel(id: string, language: Language): Promise<void> {
    this.#take(await send(`${JOBS}/${id}/cancel`, { method: 'POST', language }, readJob));
  }

  /** Follows the first jobs that still run, and no others. */
  #follow(): void {
    const active = (this.jobs ?? []).filter((job) => !isOver(job) && !this.#refused.has(job.id));
    const running = active.filter(({ state }) => state === 'running');
    const wanted = [...running, ...active.filter((job) => !running.includes(job)).reverse()].slice(0, STREAMS);
    for (const [id, stream] of this.#streams) {
      if (wanted.some((job) => job.id === id)) continue;
      stream.abort();
      this.#streams.delete(id);
    }
    for (const { id } of wanted) if (!this.#streams.has(id)) this.#stream(id);
  }

  #stream(id: string): void {
    const stream = new AbortController();
    this.#streams.set(id, stream);
    const listener = {
      onEvent: (event: StreamEvent): boolean => this.#onEvent(event),
      onLine: (isUp: boolean): void => {
        if (this.isConnected === isUp) return;
        this.isConnected = isUp;
        this.#changed();
      },
      onEnd: (): void => {
        this.#refused.add(id);
        void this.load();
      },
    };
    void follow(`${JOBS}/${id}/events`, listener, stream.signal).finally(() => {
      if (this.#streams.get(id) === stream) this.#streams.delete(id);
      if (this.#isOpen) this.#follow();
    });
  }

  #onEvent({ type, data }: StreamEvent): boolean {
    if (type !== 'job') return true;
    try {
      const job = readJob(JSON.parse(data));
      if (this.#isOpen) this.#take(job);
      return !isOver(job);
    } catch {
      return true;
    }
  }

  #take(job: Job): void {
    const before = this.jobs?.find(({ id }) => id === job.id);
    this.jobs = withJob(this.jobs ?? [], job);
    this.#note(job, before);
    this.#follow();
    this.#changed();
  }

  #note(job: Job, before: Job | undefined): void {
    const { progress } = job;
    if (progress !== null && this.milestones.get(job.id)?.stage !== progress.stage) {
      this.milestones.set(job.id, { stage: progress.stage, at: Date.now(), done: progress.done });
    }
    if (before !== undefined && !isOver(before) && isOver(job)) {
      this.dispatchEvent(new CustomEvent<Job>('finished', { detail: job }));
    }
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
