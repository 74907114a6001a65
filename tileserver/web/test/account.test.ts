import { afterEach, expect, test, vi } from 'vitest';

import { Account, faultOf, holds, readSession, type Person } from '../src/account';
import { Problem, readRefusal, Refused } from '../src/answers';

const NOBODY = { enabled: true, signed_in: false };
const HANAKO = {
  enabled: true,
  signed_in: true,
  person: { id: '018f', login: 'hanako', name: '架空 花子', fictional: true },
  grants: [{ role: 'editor', organisation: 'ken', title: { ja: '架空県', en: 'Fictional prefecture' }, kind: 'prefecture', area: 'all' }],
  expires: '2099-01-01T00:00:00Z',
};

/** Answers by method and path; a function may change its mind. */
function serve(answers: Record<string, () => Response>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string, { method = 'GET' }: RequestInit = {}) => {
    asked.push(`${method} ${url}`);
    const answer = answers[`${method} ${url}`];
    return answer === undefined ? Promise.reject(new TypeError('no line')) : Promise.resolve(answer());
  });
  return asked;
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

const opened: Account[] = [];

function account(): Account {
  const made = new Account();
  opened.push(made);
  return made;
}

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('a session is read with person, grants and end', () => {
  const { isEnabled, person } = readSession(HANAKO);
  expect([isEnabled, person?.login, person?.name, person?.isFictional]).toEqual([true, 'hanako', '架空 花子', true]);
  expect(person?.grants).toEqual([{ role: 'editor', organisation: 'ken', title: { ja: '架空県', en: 'Fictional prefecture' }, kind: 'prefecture' }]);
  expect(readSession({ ...HANAKO, grants: [{ role: 'editor', organisation: 'ken', kind: 'prefecture' }] }).person?.grants[0]?.title).toBeNull();
  expect(person?.expires).toBe(Date.UTC(2099, 0, 1));
  expect(readSession({ enabled: false, signed_in: false })).toEqual({ isEnabled: false, person: null });
  expect(readSession({ ...HANAKO, person: { ...HANAKO.person, name: null } }).person?.name).toBeNull();
});

test('a role includes the lower ones, an unknown role nothing', () => {
  const person = (role: string): Person => ({ login: 'x', name: null, isFictional: true, grants: [{ role, organisation: 'o', title: null, kind: 'owner' }], expires: null });
  expect(['viewer', 'editor', 'officer', 'approver', 'admin', 'emperor'].map((role) => holds(person(role), 'editor'))).toEqual([
    false, true, true, true, true, false,
  ]);
  expect(holds(null, 'viewer')).toBe(false);
});

test('whoever signs in is known, and other tabs are told', async () => {
  let current: unknown = NOBODY;
  serve({
    'GET /api/v1/session': () => json(current),
    'POST /login': () => json((current = HANAKO)),
  });
  const [here, there] = [account(), account()];
  await Promise.all([here.refresh(), there.refresh()]);
  expect([here.person, there.person]).toEqual([null, null]);
  expect(await here.signIn('hanako', 'secret', 'ja')).toBeNull();
  expect(here.person?.login).toBe('hanako');
  await vi.waitFor(() => expect(there.person?.login).toBe('hanako'));
  expect(there.ended).toBeNull();
});

test('signing out in one tab signs out all, and says so there only', async () => {
  let current: unknown = HANAKO;
  serve({
    'GET /api/v1/session': () => json(current),
    'POST /logout': () => {
      current = NOBODY;
      return new Response(null, { status: 204 });
    },
  });
  const [here, there] = [account(), account()];
  await Promise.all([here.refresh(), there.refresh()]);
  expect(await here.signOut('ja')).toBeNull();
  expect([here.person, here.ended]).toEqual([null, null]);
  await vi.waitFor(() => expect(there.person).toBeNull());
  expect(there.ended).toBe('elsewhere');
});

test('a tab that cannot reach the server still follows one that signs out', async () => {
  let isUp = true;
  serve({ 'GET /api/v1/session': () => (isUp ? json(HANAKO) : Response.error()) });
  const [here, there] = [account(), account()];
  await Promise.all([here.refresh(), there.refresh()]);
  isUp = false;
  await here.signOut('ja');
  await vi.waitFor(() => expect(there.person).toBeNull());
  expect(there.ended).toBe('elsewhere');
});

test('without a line the page forgets the person all the same', async () => {
  serve({ 'GET /api/v1/session': () => json(HANAKO) });
  const here = account();
  await here.refresh();
  expect(await here.signOut('ja')).toBe('offline');
  expect(here.person).toBeNull();
});

test('a session ends at its hour, even if the server cannot be asked', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  let isUp = true;
  serve({ 'GET /api/v1/session': () => (isUp ? json({ ...HANAKO, expires: '2026-01-01T12:00:00Z' }) : Response.error()) });
  const here = account();
  await here.refresh();
  expect(here.person?.login).toBe('hanako');
  isUp = false;
  await vi.advanceTimersByTimeAsync(12 * 3_600_000 - 1);
  expect(here.person?.login).toBe('hanako');
  await vi.advanceTimersByTimeAsync(2_000);
  expect([here.person, here.ended]).toEqual([null, 'expired']);
});

test('a server that knows no people has no sign-in', async () => {
  serve({ 'GET /api/v1/session': () => json({}, 404) });
  const here = account();
  await here.refresh();
  expect(here.session).toEqual({ isEnabled: false, person: null });
});

test('every refusal has its own word', () => {
  const refused = (status: number, retryAfterS: number | null = null): unknown =>
    faultOf(new Refused({ ...readRefusal(status, '{}'), retryAfterS }), 1_000);
  expect([401, 403, 404, 500].map((status) => refused(status))).toEqual([
    { kind: 'refused' }, { kind: 'origin' }, { kind: 'unavailable' }, { kind: 'problem', reason: 'server' },
  ]);
  expect(refused(429, 42)).toEqual({ kind: 'throttled', until: 43_000 });
  expect(refused(429)).toEqual({ kind: 'throttled', until: 61_000 });
  expect(faultOf(new Problem('offline'), 0)).toEqual({ kind: 'problem', reason: 'offline' });
});

test('a refusal that is no problem document still has its status', () => {
  expect(readRefusal(502, '<html>')).toMatchObject({ status: 502, code: '', title: '' });
  expect(readRefusal(401, '{"code":"sign-in-refused","title":"t","detail":7}')).toMatchObject({ status: 401 });
});
