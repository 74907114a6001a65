/** Asking the server, and saying in one word what went wrong. */

import type { Language } from './contract';
import { Malformed, optional, record, string } from './reading';

/** Why there is no answer; each has its text in the word files as `web-problem-…`. */
export type Reason = 'offline' | 'expired' | 'missing' | 'server' | 'malformed';

export class Problem extends Error {
  constructor(
    readonly reason: Reason,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** What the server says against a request, in the reader's language where it has words for it. */
export interface Refusal {
  readonly status: number;
  /** Stable code, e.g. `sign-in-refused`; empty if the answer is no problem document. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
  /** When it may be tried again, in seconds from now. */
  readonly retryAfterS: number | null;
}

export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.code === '' ? String(refusal.status) : refusal.code);
  }
}

/** What is sent along with a request that changes something. */
export interface Sending {
  readonly method: 'GET' | 'POST';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Language of the server's words. */
  readonly language: Language;
}

/**
 * Fetches `url` and reads it with `read`. A copy kept by the browser is used only if the server says
 * that it still holds: what a reader is offered changes with who is signed in.
 *
 * Throws a [`Problem`] for whatever goes wrong on the way.
 */
export async function ask<T>(url: string, read: (json: unknown) => T): Promise<T> {
  const response = await reach(url, { headers: { accept: 'application/json' }, cache: 'no-cache' });
  if (!response.ok) throw new Problem(reasonOf(response.status));
  return readBody(response, read);
}

/**
 * Asks for what belongs to a person: never from a cache, refusals with the server's own words.
 *
 * Throws a [`Refused`] for an answer that says no, a [`Problem`] if there is none.
 */
export async function send<T>(url: string, { method, body, language }: Sending, read: (json: unknown) => T): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json', 'accept-language': language };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await reach(url, {
    method,
    headers,
    cache: 'no-store',
    credentials: 'same-origin',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Refused(await refusalOf(response));
  if (response.status === 204) return read(null);
  return readBody(response, read);
}

/** Reads an answer that says no; whatever it holds, something can be told. */
export async function refusalOf(response: Pick<Response, 'status' | 'headers' | 'text'>): Promise<Refusal> {
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterS = Number.isFinite(wait) && 0 <= wait ? Math.ceil(wait) : null;
  return { ...readRefusal(response.status, await response.text().catch(() => '')), retryAfterS };
}

/** A problem document (RFC 9457), or at least its status. */
export function readRefusal(status: number, text: string): Refusal {
  const bare = { status, code: '', title: '', detail: '', hint: '', retryAfterS: null };
  try {
    const document = record(JSON.parse(text), 'problem');
    const word = (name: string): string => optional(document[name], string) ?? '';
    return { ...bare, code: word('code'), title: word('title'), detail: word('detail'), hint: word('hint') };
  } catch {
    return bare;
  }
}

async function reach(url: string, request: RequestInit): Promise<Response> {
  return fetch(url, request).catch((cause: unknown) => {
    throw new Problem('offline', { cause });
  });
}

async function readBody<T>(response: Response, read: (json: unknown) => T): Promise<T> {
  try {
    return read(await response.json());
  } catch (cause) {
    if (cause instanceof Malformed || cause instanceof SyntaxError) throw new Problem('malformed', { cause });
    throw new Problem('offline', { cause });
  }
}

function reasonOf(status: number): Reason {
  if (status === 410) return 'expired';
  if (status === 404) return 'missing';
  return 'server';
}
