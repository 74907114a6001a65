// Use without mouse, without sight, on small screens and slow lines.

import assert from 'node:assert/strict';
import { get } from 'node:http';

import { tabTo } from '../reader.mjs';

/** Script and style of the first page, compressed, in bytes. */
const BUDGET_BYTES = 520_000;
/** Smallest target of a finger, in CSS pixels. */
const TARGET_PX = 24;

/** Layers, time, list and attributes by keyboard alone. */
export async function keyboardIsEnough(reader) {
  const { layer } = reader.region.timed;
  const { keyboard } = reader.page;
  await reader.open();
  await reader.show([layer]);
  await reader.fit(layer);
  await tabTo(reader, 'canvas');
  await keyboard.press('Enter');
  await reader.at('jomo-details h2').waitFor();
  await reader.picture('keyboard-map');
  await keyboard.press('Escape');
  await reader.at('jomo-details').waitFor({ state: 'hidden' });

  const before = await reader.shownTime();
  await tabTo(reader, 'jomo-time input, input[type=range][aria-valuetext]:not([data-layer])');
  await keyboard.press('ArrowRight');
  await reader.settled();
  assert.notEqual(await reader.shownTime(), before);

  await tabTo(reader, `input[data-layer=${layer}]`);
  await keyboard.press('Space');
  await reader.at('jomo-time').waitFor({ state: 'detached' });
  await keyboard.press('Space');
  await reader.at('jomo-time').waitFor();

  await tabTo(reader, 'button[data-tab=list]', 'Shift+Tab');
  await keyboard.press('Enter');
  const item = reader.at('jomo-list li button').first();
  await item.waitFor();
  await tabTo(reader, 'li button');
  const name = (await item.locator('.name').textContent()).trim();
  await keyboard.press('Enter');
  await reader.at('jomo-details h2:focus').waitFor();
  assert.equal((await reader.at('jomo-details h3').first().textContent()).trim(), name);
  await reader.picture('keyboard-list');
  await keyboard.press('Escape');
  await reader.at('jomo-list li button:focus').waitFor();
}

/** The list says in text what the map shows in view. */
export async function listTellsTheView(reader) {
  const { layer } = reader.region.click;
  await reader.open();
  await reader.show([layer]);
  await reader.fit(layer);
  await reader.openPanel('list');
  await reader.settled();
  const heading = reader.at(`jomo-list section[data-layer=${layer}] h3`);
  await heading.waitFor();
  const count = await reader.count(layer);
  await reader.page.waitForFunction(
    ([id, expected]) =>
      document.querySelector('jomo-map').shadowRoot.querySelector('jomo-list').shadowRoot.querySelector(`section[data-layer=${id}] h3`)?.textContent.includes(`${expected} 件`),
    [layer, count],
  );
  await reader.picture('list');
  await reader.checkAccess('list');
}

/** The first view has no axe violation in either theme, no sideways scrolling and no target too small to hit. */
export async function firstViewIsAccessible(reader) {
  await reader.open();
  await reader.openPanel('layers');
  await reader.at('jomo-layers summary').first().click();
  await reader.picture('panel');
  await reader.checkAccess('panel');
  if (reader.size === 'desktop') {
    await reader.page.emulateMedia({ colorScheme: 'dark' });
    await reader.picture('panel-dark');
    await reader.checkAccess('panel, dark');
    await reader.page.emulateMedia({ colorScheme: 'light' });
  }
  const overflow = await reader.page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
  const below = await reader.page.evaluate(() => document.scrollingElement.scrollHeight - innerHeight);
  // At 400 % the page is one column, which scrolls.
  if (reader.size !== 'zoomed') assert.ok(below <= 0, `the page, not only its panel, scrolls by ${below} px`);
  const small = await reader.page.evaluate((least) => {
    const all = (root) => [...root.querySelectorAll('*')].flatMap((element) => [element, ...(element.shadowRoot ? all(element.shadowRoot) : [])]);
    return all(document)
      .filter((element) => element.matches('button, summary, label, input:not(label input)'))
      .map((element) => ({ name: element.outerHTML.slice(0, 80), box: element.getBoundingClientRect() }))
      .filter(({ box }) => 0 < box.width && (box.width < least || box.height < least))
      .map(({ name, box }) => `${name} ${box.width} x ${box.height}`);
  }, TARGET_PX);
  assert.deepEqual(small, []);
}

/** Script and style stay within the budget, and arrive compressed. */
export async function budgetIsKept(reader) {
  const files = new Set();
  reader.page.on('request', (request) => {
    if (/\.(?:js|css)$/.test(new URL(request.url()).pathname)) files.add(request.url());
  });
  await reader.open();
  // Chromium does not tell the size of a worker's script, so each file is fetched once more.
  const sizes = await Promise.all([...files].map(transferSize));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  process.stdout.write(`     script and style: ${bytes} of ${BUDGET_BYTES} bytes in ${files.size} files\n`);
  assert.ok(0 < bytes && bytes <= BUDGET_BYTES, `${bytes} bytes`);
}

/** Bytes of the body on the wire. */
function transferSize(url) {
  return new Promise((resolve, reject) => {
    const asked = get(url, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      let bytes = 0;
      response.on('data', (part) => (bytes += part.length));
      response.on('end', () => resolve(bytes));
    });
    asked.on('error', reject);
  });
}
