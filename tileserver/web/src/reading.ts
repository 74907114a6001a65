/** Reading JSON of unknown form: a value of the wrong kind is refused, never half used. */

/** An answer that is not what the contract says. */
export class Malformed extends Error {
  constructor(readonly what: string) {
    super(`malformed answer: ${what}`);
  }
}

export function record(json: unknown, what: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Malformed(what);
  return json as Record<string, unknown>;
}

export function list(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : [];
}

export function string(json: unknown, what: string): string {
  if (typeof json !== 'string') throw new Malformed(what);
  return json;
}

export function number(json: unknown, what: string): number {
  if (typeof json !== 'number' || !Number.isFinite(json)) throw new Malformed(what);
  return json;
}

export function time(json: unknown, what: string): number {
  return number(Date.parse(string(json, what)), what);
}

export function optional<T>(json: unknown, read: (json: unknown, what: string) => T): T | null {
  return json === undefined || json === null ? null : read(json, 'optional value');
}
