/**
 * A stream of server-sent events that comes back after a break.
 *
 * The browser's own `EventSource` gives up for good at the first answer that is an error, as a
 * server being restarted gives, and cannot be told where to go on. This one waits longer after each
 * failure and names the last event it has seen.
 *
 * Source: WHATWG HTML, 9.2 Server-sent events.
 */

/** Waits after a break: 0.5 s doubled each time, at most 15 s. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** The server sends a comment every 15 s; after twice that and a little more the line is dead. */
const SILENCE_MS = 35_000;

export interface StreamEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

export interface Listener {
  /** Gives whether more is awaited; `false` ends the stream. */
  readonly onEvent: (event: StreamEvent) => boolean;
  /** The line is up, or down since now. */
  readonly onLine: (isUp: boolean) => void;
  /** The server has nothing more to say (204) or says no for good, e.g. 401 or 404. */
  readonly onEnd: (status: number) => void;
}

/** How long to wait before the try after `failures` failed ones, in milliseconds. */
export function waitAfter(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
}

/** Follows the stream at `url` until an event ends it, the server refuses, or `signal` aborts. */
export async function follow(url: string, listener: Listener, signal: AbortSignal): Promise<void> {
  let last = '';
  let failures = 0;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort();
    signal.addEventListener('abort', stop);
    try {
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      if (last !== '') headers['last-event-id'] = last;
      const response = await fetch(url, { headers, cache: 'no-store', credentials: 'same-origin', signal: attempt.signal });
      if (isFinal(response.status)) {
        listener.onEnd(response.status);
        return;
      }
      if (!response.ok || response.body === null) throw new Error(String(response.status));
      listener.onLine(true);
      for await (const event of eventsOf(response.body, stop)) {
        failures = 0;
        if (event.id !== '') last = event.id;
        if (!listener.onEvent(event)) return;
      }
    } catch {
      // Whatever broke the line, the way on is the same.
    } finally {
      signal.removeEventListener('abort', stop);
      attempt.abort();
    }
    if (signal.aborted) return;
    listener.onLine(false);
    await pause(waitAfter(failures), signal);
    failures += 1;
  }
}

/** Trying again would give the same answer; 204 asks not to. */
function isFinal(status: number): boolean {
  return status === 204 || (400 <= status && status < 500 && status !== 408 && status !== 429);
}

/** The events of a body. `onSilence` is called when nothing has come for too long. */
async function* eventsOf(body: ReadableStream<Uint8Array>, onSilence: () => void): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new Parser();
  let watch = setTimeout(onSilence, SILENCE_MS);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watch);
      watch = setTimeout(onSilence, SILENCE_MS);
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearTimeout(watch);
    await reader.cancel().catch(() => undefined);
  }
}

/** Cuts text that arrives in pieces into events. */
export class Parser {
  #rest = '';
  #id = '';
  #type = '';
  #data: string[] = [];

  push(text: string): StreamEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): StreamEvent[] {
    if (line === '') return this.#finish();
    const colon = line.indexOf(':');
    if (colon === 0) return [];
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'id') this.#id = value;
    if (name === 'event') this.#type = value;
    if (name === 'data') this.#data.push(value);
    return [];
  }

  #finish(): StreamEvent[] {
    const [data, type] = [this.#data, this.#type];
    this.#data = [];
    this.#type = '';
    return data.length === 0 ? [] : [{ id: this.#id, type: type === '' ? 'message' : type, data: data.join('\n') }];
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
