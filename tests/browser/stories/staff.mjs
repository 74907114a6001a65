// People who sign in: what they see more of, and that it goes when they go.

import assert from 'node:assert/strict';

import { BARE, tabTo } from '../reader.mjs';

/** Texts that only the restricted layer of the sample region holds. */
const CANARY = /架空所有者/;

/** Everything that the page holds as text: attributes, lists, names of layers. */
const wholeText = (reader) =>
  reader.page.evaluate(() => {
    const text = (root) => [...root.querySelectorAll('*')].flatMap((element) => [element.shadowRoot ? text(element.shadowRoot) : []]).flat().join(' ') + root.textContent;
    return text(document.body);
  });

const isOffered = async (reader, layer) => {
  await reader.openPanel('layers');
  return (await reader.at(`input[data-layer=${layer}]`).count()) === 1;
};

/** Signing in brings the restricted layer, marked as such; signing out takes everything of it. */
export async function restrictedLayerComesAndGoes(reader) {
  const { layer } = reader.region.restricted;
  const { hanako } = reader.people;
  await reader.open();
  assert.equal(await isOffered(reader, layer), false);
  await reader.closePanel();

  await reader.press(reader.at('[data-action=sign-in]'));
  await reader.at('jomo-sign-in dialog[open]').waitFor();
  await reader.picture('sign-in');
  await reader.checkAccess('sign-in');
  await reader.typeSignIn(hanako.login, `${hanako.password}x`);
  await reader.at('jomo-sign-in [role=alert]', { hasText: '名前またはパスワードが違います' }).waitFor();
  await reader.picture('sign-in-wrong');
  await reader.checkAccess('sign-in-wrong');
  reader.forgive(/status of 401/);
  await reader.typeSignIn(hanako.login, hanako.password);
  await reader.at('jomo-sign-in dialog[open]').waitFor({ state: 'detached' });
  await reader.settled();
  assert.match(await reader.at('[data-action=account]').textContent(), /架空/);

  assert.equal(await isOffered(reader, layer), true);
  await reader.at('jomo-layers .restricted').first().waitFor();
  await reader.show([layer]);
  assert.equal(await reader.countAll(layer), reader.region.restricted.count);
  await reader.openPanel('list');
  await reader.at('jomo-list li button').first().click();
  await reader.at('jomo-details h3').waitFor();
  assert.match(await reader.at('jomo-details').evaluate((details) => details.shadowRoot.textContent), CANARY);
  await reader.picture('restricted');
  assert.doesNotMatch(new URL(reader.page.url()).hash, new RegExp(hanako.login));
  await reader.press(reader.at('jomo-details [data-action=close]'));
  await reader.closePanel();

  await reader.press(reader.at('[data-action=account]'));
  await reader.at('#card').waitFor();
  await reader.picture('account');
  await reader.checkAccess('account');
  await reader.press(reader.at('[data-action=sign-out]'));
  await reader.at('[data-action=sign-in]').waitFor();
  await reader.settled();
  assert.equal(await isOffered(reader, layer), false);
  assert.doesNotMatch(await wholeText(reader), CANARY);
  const left = await reader.inMap((jomo, id) => Object.keys(jomo.map.getStyle().sources).filter((source) => source.startsWith(id)), layer);
  assert.deepEqual(left, [], 'no tiles of the layer are left in the map');
  const { status } = await reader.page.evaluate(async (id) => ({ status: (await fetch(`/tiles/${id}.json`)).status }), layer);
  assert.equal(status, 404);
  reader.forgive(/status of 404/);
}

/** Sign in and out by keyboard alone: the focus stays in the dialogue, and comes back from it. */
export async function keyboardSignsIn(reader) {
  const { keyboard } = reader.page;
  const { hanako } = reader.people;
  await reader.open(BARE);
  await tabTo(reader, '[data-action=sign-in]');
  await keyboard.press('Enter');
  await reader.at('jomo-sign-in #login:focus').waitFor();
  for (let presses = 0; presses < 12; presses += 1) {
    await keyboard.press('Tab');
    const isInside = await reader.page.evaluate(() => {
      const active = document.querySelector('jomo-map').shadowRoot.activeElement;
      return active === null || active.localName === 'jomo-sign-in';
    });
    assert.ok(isInside, 'nothing behind the dialogue takes the focus');
  }
  await keyboard.press('Escape');
  await reader.at('[data-action=sign-in]:focus').waitFor();

  await keyboard.press('Enter');
  await reader.at('jomo-sign-in #login:focus').waitFor();
  await keyboard.press('Enter');
  await reader.at('#login-fault').waitFor();
  await keyboard.type(hanako.login);
  await tabTo(reader, '#password');
  await keyboard.type(hanako.password);
  await tabTo(reader, '[data-action=show]');
  await keyboard.press('Space');
  assert.equal(await reader.at('#password').getAttribute('type'), 'text');
  await keyboard.press('Shift+Tab');
  await keyboard.press('Enter');
  await reader.at('[data-action=account]:focus').waitFor();
  await reader.settled();

  await keyboard.press('Enter');
  await reader.at('#card').waitFor();
  await tabTo(reader, '[data-action=sign-out]');
  await keyboard.press('Enter');
  await reader.at('[data-action=sign-in]:focus').waitFor();
}

/** Too many tries are told with the seconds left, and the button comes back when they are over. */
export async function throttleIsTold(reader) {
  await reader.page.route('**/login', (route) =>
    route.fulfill({ status: 429, headers: { 'retry-after': '2' }, json: { code: 'too-many-tries' } }),
  );
  await reader.open(BARE);
  await reader.press(reader.at('[data-action=sign-in]'));
  await reader.typeSignIn('nobody', 'wrong-password');
  await reader.at('jomo-sign-in [data-wait]').waitFor();
  assert.ok(await reader.at('jomo-sign-in [type=submit]').isDisabled());
  await reader.picture('sign-in-throttled');
  await reader.checkAccess('sign-in-throttled');
  await reader.at('jomo-sign-in [type=submit]:enabled').waitFor();
  assert.match(await reader.at('jomo-sign-in [role=alert]').textContent(), /もう一度試せます/);
  reader.forgive(/status of 429/);
}

/** Whoever signs out in one tab is signed out in all, and is told so there. */
export async function otherTabsFollow(reader) {
  const { layer } = reader.region.restricted;
  await reader.open(BARE);
  const other = await reader.another();
  await other.open(BARE);
  await reader.signIn('hanako');
  await other.at('[data-action=account]').waitFor();
  await other.settled();
  assert.equal(await isOffered(other, layer), true);
  await reader.signOut();
  await other.at('[data-session]', { hasText: 'ほかのタブでサインアウトしました' }).waitFor();
  await other.settled();
  assert.equal(await isOffered(other, layer), false);
  await other.picture('signed-out-elsewhere');
  await other.checkAccess('signed-out-elsewhere');
  assert.equal(await reader.at('[data-session]').count(), 0);
}

/** A session that has ended is told, and what it showed is gone. */
export async function endOfSessionIsTold(reader) {
  const { layer } = reader.region.restricted;
  await reader.open(BARE);
  await reader.signIn('hanako');
  assert.equal(await isOffered(reader, layer), true);
  await reader.page.context().clearCookies();
  await reader.inMap((jomo) => jomo.staff.account.refresh());
  await reader.at('[data-session]', { hasText: 'サインインの期限が切れました' }).waitFor();
  await reader.settled();
  assert.equal(await isOffered(reader, layer), false);
  await reader.press(reader.at('[data-session] button').first());
  await reader.at('jomo-sign-in dialog[open]').waitFor();
}

/** The form of the page without script signs in, and leads to the map. */
export async function formSignsInWithoutScript(reader) {
  const { hanako } = reader.people;
  const browser = reader.page.context().browser();
  const context = await browser.newContext({ javaScriptEnabled: false, locale: 'ja-JP' });
  try {
    const page = await context.newPage();
    await page.goto(`${reader.url}login.html`);
    await page.fill('[name=login]', hanako.login);
    await page.fill('[name=password]', hanako.password);
    await page.click('[type=submit]');
    assert.equal(new URL(page.url()).pathname, '/');
    assert.ok((await context.cookies()).some(({ name, httpOnly, sameSite }) => name === 'jomo_session' && httpOnly && sameSite === 'Strict'));
  } finally {
    await context.close();
  }
  await reader.page.goto(`${reader.url}login.html`);
  await reader.picture('login-form');
  await reader.checkAccess('login-form');
}
