import { afterEach, expect, test, vi } from 'vitest';

import { Desk } from '../src/desk';
import { follow, Parser, waitAfter, type StreamEvent } from '../src/events';
import { commandOf, fileOf, isOver, layerOf, readJob, remaining, shareOf, withJob } from '../src/jobs';
import { Malformed } from '../src/reading';

const JOB = {
  id: '018f-1', kind: 'import', words: ['import', 'upload:ab12/家 屋.zip', '--layer', 'houses', '--title-ja=家屋'], state: 'running',
  progress: { stage: 'rain', done: 2, total: 8 }, message: null, attempts: 1, created: '2026-11-23T01:00:00Z',
  started: '2026-11-23T01:00:01Z', finished: null, by: 'hanako', cancel_requested: false,
};

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('a job is read, and what cannot be a job is refused', () => {
  const job = readJob(JOB);
  expect([commandOf(job), layerOf(job), fileOf(job), shareOf(job), isOver(job)]).toEqual(['import', 'houses', '家 屋.zip', 0.25, false]);
  expect(commandOf({ words: ['flood', 'rain', '--grib', 'upload:a/b.bin'] })).toBe('flood rain');
  expect(layerOf({ words: ['flood', 'rain'] })).toBeNull();
  expect(readJob({ ...JOB, state: 'paused' }).state).toBe('running');
  for (const wrong of [null, [], {}, { ...JOB, id: 7 }, { ...JOB, created: 'soon' }, { ...JOB, words: [1] }]) {
    expect(() => readJob(wrong)).toThrow(Malformed);
  }
});

test('the first error of a failed job is told', () => {
  const errors = [{ code: 'a', title: '題', detail: '詳細', hint: '次の手' }, { title: 'b' }];
  expect(readJob({ ...JOB, state: 'failed', message: { status: 'failed', errors } }).fault).toEqual({ title: '題', detail: '詳細', hint: '次の手' });
  expect(readJob({ ...JOB, message: { title: '題' } }).fault).toEqual({ title: '題', detail: '', hint: '' });
  for (const message of [null, 'text', [], {}, { errors: [] }]) expect(readJob({ ...JOB, message }).fault).toBeNull();
});

test('a share is told only where the end is known', () => {
  const progress = (done: number, total: number | null) => ({ stage: 's', done, total });
  expect(shareOf({ state: 'running', progress: progress(9, 8) })).toBe(1);
  expect(shareOf({ state: 'running', progress: progress(1, null) })).toBeNull();
  expect(shareOf({ state: 'running', progress: progress(0, 0) })).toBeNull();
  expect(shareOf({ state: 'done', progress: null })).toBe(1);
});

test('the time left is the rate seen, and nothing before a rate is seen', () => {
  const progress = { stage: 'tiles', done: 6, total: 10 };
  const start = { stage: 'tiles', at: 0, done: 2 };
  expect(remaining(progress, start, 8_000)).toBe(8_000);
  expect(remaining(progress, start, 4_999)).toBeNull();
  expect(remaining(progress, { ...start, done: 5 }, 8_000)).toBeNull();
  expect(remaining(progress, { ...start, stage: 'read' }, 8_000)).toBeNull();
  expect(remaining({ ...progress, total: null }, start, 8_000)).toBeNull();
  expect(remaining(progress, undefined, 8_000)).toBeNull();
});

test('newer states take the place of older ones, newest job first', () => {
  const old = readJob(JOB);
  const young = readJob({ ...JOB, id: '018f-2', created: '2026-11-23T02:00:00Z' });
  const list = withJob(withJob([old], young), { ...old, state: 'done' });
  expect(list.map(({ id, state }) => [id, state])).toEqual([['018f-2', 'running'], ['018f-1', 'done']]);
});

const TEXT = ': keep-alive\n\nid: 3\r\nevent: job\r\ndata: {"a":\r\ndata: 1}\r\n\r\nid:4\ndata\n\nretry: 5\nevent: x\n\n';
const EVENTS: StreamEvent[] = [
  { id: '3', type: 'job', data: '{"a":\n1}' },
  { id: '4', type: 'message', data: '' },
];

test('events come out alike, wherever the text was cut', () => {
  for (let cut = 0; cut <= TEXT.length; cut += 1) {
    const parser = new Parser();
    expect([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))], `cut at ${cut}`).toEqual(EVENTS);
  }
  const parser = new Parser();
  expect([...TEXT].flatMap((character) => parser.push(character))).toEqual(EVENTS);
});

test('waits grow, but not without end', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 99].map(waitAfter)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});

/** A body that sends these texts and ends. */
const body = (...texts: string[]): Response =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  );

test('a broken stream comes back where it left off', async () => {
  vi.useFakeTimers();
  const asked: (string | null)[] = [];
  const answers = [
    () => body('id: 7\ndata: a\n\n'),
    () => new Response('', { status: 502 }),
    () => Promise.reject(new TypeError('no line')),
    () => body('id: 8\ndata: b\n\nid: 9\ndata: end\n\n', 'id: 10\ndata: late\n\n'),
  ];
  vi.stubGlobal('fetch', (_url: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(headers['last-event-id'] ?? null);
    return Promise.resolve(answers.shift()?.() ?? Promise.reject(new Error('asked too often')));
  });
  const [seen, line]: [string[], boolean[]] = [[], []];
  const listener = {
    onEvent: ({ data }: StreamEvent): boolean => (seen.push(data), data !== 'end'),
    onLine: (isUp: boolean): void => void line.push(isUp),
    onEnd: (): void => expect.unreachable(),
  };
  const done = follow('/events', listener, new AbortController().signal);
  await vi.runAllTimersAsync();
  await done;
  expect(seen).toEqual(['a', 'b', 'end']);
  expect(asked).toEqual([null, '7', '7', '7']);
  expect(line).toEqual([true, false, false, false, true]);
});

test('a refusal for good, or nothing more, is told once and not tried again', async () => {
  const answers = [401, 204];
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: answers.shift() ?? 500 })));
  const statuses: number[] = [];
  const stream = (): Promise<void> => follow('/events', { onEvent: () => true, onLine: () => undefined, onEnd: (status) => void statuses.push(status) }, new AbortController().signal);
  await stream();
  await stream();
  expect(statuses).toEqual([401, 204]);
});

test('the desk follows at most two jobs, and tells when one has ended', async () => {
  const jobs = [1, 2, 3, 4].map((n) => ({ ...JOB, id: `j${n}`, created: `2026-11-23T0${n}:00:00Z`, state: n === 4 ? 'done' : 'running' }));
  const streams: string[] = [];
  let [open, most] = [0, 0];
  vi.stubGlobal('fetch', (url: string, { signal }: RequestInit = {}) => {
    if (url === '/api/v1/jobs') return Promise.resolve(Response.json({ jobs }));
    streams.push(url);
    open += 1;
    most = Math.max(most, open);
    signal?.addEventListener('abort', () => (open -= 1), { once: true });
    const end = { ...jobs.find(({ id }) => url.includes(id)), state: 'done', progress: null };
    if (streams.length <= 1) return Promise.resolve(body(`id: 1\nevent: job\ndata: ${JSON.stringify(end)}\n\n`));
    // The others say nothing until they are given up.
    return new Promise<Response>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
  });
  const desk = new Desk();
  const finished = vi.fn();
  desk.addEventListener('finished', finished);
  desk.open();
  await vi.waitFor(() => expect(finished).toHaveBeenCalledOnce());
  await vi.waitFor(() => expect(streams).toHaveLength(3));
  expect(new Set(streams).size).toBe(3);
  expect(most).toBe(2);
  expect(desk.jobs?.map(({ state }) => state)).toEqual(['done', 'done', 'running', 'running']);
  desk.close();
  expect(desk.jobs).toBeNull();
});
