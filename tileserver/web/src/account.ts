/** Who is signed in, here and in the other tabs of this browser. */

import { Problem, Refused, send, type Reason } from './answers';
import { text, type Language, type Text } from './contract';
import { list, optional, record, string, time } from './reading';

export type Role = 'viewer' | 'editor' | 'officer' | 'approver' | 'admin';

/** Roles, lowest first. */
const ROLES: readonly Role[] = ['viewer', 'editor', 'officer', 'approver', 'admin'];

export interface Grant {
  readonly role: string;
  readonly organisation: string;
  /** Name of the organisation; absent where the server does not tell it. */
  readonly title: Text | null;
  /** Kind of the organisation, e.g. `prefecture`. */
  readonly kind: string;
}

export interface Person {
  readonly login: string;
  /** Absent where the server has no key to open it with. */
  readonly name: string | null;
  /** Invented for the demonstration: 架空. */
  readonly isFictional: boolean;
  readonly grants: readonly Grant[];
  /** When the session ends by itself. */
  readonly expires: number | null;
}

export interface Session {
  /** Whether this server knows people at all. */
  readonly isEnabled: boolean;
  readonly person: Person | null;
}

/** Why somebody could not sign in; texts are `web-sign-in-…`, or `web-problem-…` for a `Reason`. */
export type SignInFault =
  | { readonly kind: 'refused' | 'origin' | 'unavailable' }
  | { readonly kind: 'throttled'; readonly until: number }
  | { readonly kind: 'problem'; readonly reason: Reason };

/** How a session came to its end. */
type Ending = 'expired' | 'elsewhere';

const SESSION = '/api/v1/session';
const NOBODY: Session = { isEnabled: false, person: null };
/** The longest time that a timer of a browser can run, in milliseconds. */
const LONGEST_MS = 2_147_483_647;
/** Used where a refusal for too many tries does not say how long. */
const THROTTLED_S = 60;

export function readSession(json: unknown): Session {
  const root = record(json, 'session');
  if (root['enabled'] !== true) return NOBODY;
  if (root['signed_in'] !== true) return { isEnabled: true, person: null };
  const person = record(root['person'], 'session.person');
  return {
    isEnabled: true,
    person: {
      login: string(person['login'], 'session.person.login'),
      name: optional(person['name'], string),
      isFictional: person['fictional'] === true,
      grants: list(root['grants']).map(readGrant),
      expires: optional(root['expires'], time),
    },
  };
}

/** Whether this person may do what needs `role`; unknown roles count for nothing. */
export function holds(person: Person | null, role: Role): boolean {
  return person?.grants.some((grant) => ROLES.indexOf(role) <= ROLES.findIndex((each) => each === grant.role)) ?? false;
}

/**
 * Fires `change` when somebody has signed in or out, here or in another tab, or when it is first
 * known who is there. What belongs to the person before must be dropped then.
 */
export class Account extends EventTarget {
  /** `null` until the server has answered. */
  session: Session | null = null;
  /** Why the person is no longer signed in, if not by an own wish. */
  ended: Ending | null = null;

  readonly #tabs = new BroadcastChannel('jomo-account');
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.#tabs.addEventListener('message', ({ data }: MessageEvent<'in' | 'out'>) => this.#follow(data));
  }

  get person(): Person | null {
    return this.session?.person ?? null;
  }

  /** Asks the server who is there. `ending` is what to tell if somebody no longer is. */
  async refresh(ending: Ending = 'expired'): Promise<void> {
    try {
      this.#take(await send(SESSION, { method: 'GET', language: 'ja' }, readSession), ending);
    } catch (error) {
      // A server without this address has no people. One that cannot be reached says nothing new,
      // except that a session past its end is over whoever can be asked.
      if (error instanceof Refused && error.refusal.status === 404) this.#take(NOBODY, ending);
      else if (this.session === null) this.#take(NOBODY, ending);
      else if (this.#isPast) this.#take({ isEnabled: true, person: null }, 'expired');
    }
  }

  /** Tries to sign in; gives what stands against it, or `null`. */
  async signIn(login: string, password: string, language: Language): Promise<SignInFault | null> {
    try {
      await send('/login', { method: 'POST', body: { login, password }, language }, readSession);
    } catch (error) {
      return faultOf(error, Date.now());
    }
    await this.refresh();
    if (this.person === null) return { kind: 'unavailable' };
    this.#tabs.postMessage('in');
    return null;
  }

  /** Signs out. Gives why the server could not be told; the page forgets the person all the same. */
  async signOut(language: Language): Promise<Reason | null> {
    let problem: Reason | null = null;
    try {
      await send('/logout', { method: 'POST', language }, () => null);
    } catch (error) {
      problem = error instanceof Problem ? error.reason : 'server';
    }
    this.ended = null;
    this.#set({ isEnabled: true, person: null });
    this.#tabs.postMessage('out');
    return problem;
  }

  /** Lets go of the other tabs. */
  close(): void {
    clearTimeout(this.#timer);
    this.#tabs.close();
  }

  /** Another tab has signed in or out. What is over is over, whether the server can be asked or not. */
  #follow(news: 'in' | 'out'): void {
    if (news === 'out' && this.session !== null) this.#take({ isEnabled: true, person: null }, 'elsewhere');
    void this.refresh('elsewhere');
  }

  get #isPast(): boolean {
    const expires = this.person?.expires ?? null;
    return expires !== null && expires <= Date.now();
  }

  #take(session: Session, ending: Ending): void {
    const isSame = JSON.stringify(session) === JSON.stringify(this.session);
    if (isSame) return;
    this.ended = this.person !== null && session.person === null ? ending : null;
    this.#set(session);
  }

  #set(session: Session): void {
    this.session = session;
    clearTimeout(this.#timer);
    const expires = session.person?.expires ?? null;
    if (expires !== null) {
      const wait = Math.min(Math.max(expires - Date.now(), 0) + 1_000, LONGEST_MS);
      this.#timer = setTimeout(() => void this.refresh(), wait);
    }
    this.dispatchEvent(new Event('change'));
  }
}

/** What to tell somebody whose try at `now` failed. */
export function faultOf(error: unknown, now: number): SignInFault {
  if (error instanceof Problem) return { kind: 'problem', reason: error.reason };
  if (!(error instanceof Refused)) return { kind: 'problem', reason: 'malformed' };
  const { status, retryAfterS } = error.refusal;
  if (status === 401) return { kind: 'refused' };
  if (status === 403) return { kind: 'origin' };
  if (status === 429) return { kind: 'throttled', until: now + 1_000 * (retryAfterS ?? THROTTLED_S) };
  if (status === 404) return { kind: 'unavailable' };
  return { kind: 'problem', reason: 'server' };
}

function readGrant(json: unknown): Grant {
  const grant = record(json, 'session.grants');
  return {
    role: string(grant['role'], 'session.grants.role'),
    organisation: string(grant['organisation'], 'session.grants.organisation'),
    title: optional(grant['title'], text),
    kind: string(grant['kind'], 'session.grants.kind'),
  };
}
