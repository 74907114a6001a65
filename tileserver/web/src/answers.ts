/** Asking the server, and saying in one word what went wrong. */

import { Malformed } from './contract';

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

/**
 * Fetches `url` and reads it with `read`.
 *
 * Throws a [`Problem`] for whatever goes wrong on the way.
 */
export async function ask<T>(url: string, read: (json: unknown) => T): Promise<T> {
  const response = await fetch(url, { headers: { accept: 'application/json' } }).catch((cause: unknown) => {
    throw new Problem('offline', { cause });
  });
  if (!response.ok) throw new Problem(reasonOf(response.status));
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
