// State of the map: in the address, in the language chosen, across generations.

import assert from 'node:assert/strict';

const stateOf = (reader) =>
  reader.inMap((jomo) => ({
    layers: jomo.atlas.layers.filter(({ visible }) => visible).map(({ entry, opacity }) => [entry.id, opacity]),
    language: document.documentElement.lang,
    zoom: jomo.map.getZoom().toFixed(2),
    centre: jomo.map.getCenter().toArray().map((degrees) => degrees.toFixed(4)),
  }));

/** The address brings back place, layers, opacity, time and language. */
export async function permalinkRestores(reader) {
  const { layer, steps } = reader.region.timed;
  await reader.open();
  await reader.show([layer, reader.region.click.layer]);
  await reader.openPanel('layers');
  await reader.at('jomo-layers .opacity input').first().fill('40');
  await reader.closePanel();
  await reader.at('jomo-time input[type=range]').fill(String(steps - 2));
  await reader.press(reader.at('button[data-language=en]'));
  await reader.inMap((jomo) => jomo.map.jumpTo({ zoom: jomo.map.getZoom() + 1.25 }));
  await reader.settled();
  const [state, time, hash] = [await stateOf(reader), await reader.shownTime(), new URL(reader.page.url()).hash];
  assert.deepEqual(state.layers.find(([id]) => id === layer), [layer, 0.4]);

  await reader.page.goto('about:blank');
  await reader.open(hash);
  assert.deepEqual(await stateOf(reader), state);
  assert.equal(await reader.shownTime(), time);
  assert.equal(new URL(reader.page.url()).hash, hash);
  await reader.picture('permalink');
}

/** A layer goes behind its neighbour, in the panel and on the map, and the address remembers it. */
export async function layersChangePlaces(reader) {
  await reader.open();
  await reader.openPanel('layers');
  const pile = () =>
    reader.inMap((jomo, ids) => {
      const sources = jomo.map.getStyle().layers.filter(({ type }) => type === 'circle').map(({ source }) => source.split('@')[0]);
      return sources.filter((id) => ids.includes(id)).reverse();
    }, before);
  const panel = () => reader.at('jomo-layers section[data-group=points]').locator('input[data-layer]').evaluateAll((boxes) => boxes.map((box) => box.dataset.layer));
  const before = await panel();
  // Beside a forecast the map begins without places.
  await reader.show(before);
  await reader.openPanel('layers');
  assert.deepEqual(await pile(), before, 'the panel lists what lies in front first');
  await reader.press(reader.at('jomo-layers section[data-group=points]').locator('[data-move=down]').first());
  await reader.at('[data-move]:focus').waitFor();
  const [first, second, ...others] = before;
  const moved = [second, first, ...others];
  assert.deepEqual(await panel(), moved);
  assert.deepEqual(await pile(), moved);
  const { hash } = new URL(reader.page.url());
  await reader.page.goto('about:blank');
  await reader.open(hash);
  assert.deepEqual(await pile(), moved);
}

/** Everything on the page changes its language, and back. */
export async function languageSwitches(reader) {
  await reader.open();
  const texts = async () => {
    await reader.openPanel('layers');
    return (await reader.at('jomo-layers .title').allTextContents()).join();
  };
  const japanese = await texts();
  assert.match(japanese, /[ぁ-ん一-龠]/);
  assert.equal(await reader.page.evaluate(() => document.documentElement.lang), 'ja');
  await reader.press(reader.at('button[data-language=en]'));
  assert.equal(await reader.page.evaluate(() => document.documentElement.lang), 'en');
  const english = await texts();
  assert.notEqual(english, japanese);
  const words = await reader.at('jomo-map').evaluate((jomo) => {
    const own = (root) => [...root.querySelectorAll('button, h1, summary, .caption, .reference, .opacity span')]
      .filter((element) => element.dataset.language === undefined)
      .map((element) => `${element.textContent} ${element.getAttribute('aria-label') ?? ''}`);
    const parts = [...jomo.shadowRoot.querySelectorAll('jomo-layers, jomo-time')];
    return [jomo.shadowRoot, ...parts.map((part) => part.shadowRoot)].flatMap(own).join(' ');
  });
  assert.doesNotMatch(words, /[ぁ-んァ-ン一-龠]/, 'no Japanese is left in the English page');
  await reader.picture('english');
  await reader.checkAccess('english');
  await reader.press(reader.at('button[data-language=ja]'));
  assert.equal(await texts(), japanese);
}

/** A new generation appears by itself, without a reload and without losing the reader's place. */
export async function generationSwitches(reader) {
  let generation = null;
  const changed = async (route, change) => {
    const response = await route.fetch();
    const json = await response.json();
    if (generation !== null) change(json);
    await route.fulfill({ response, json });
  };
  await reader.page.route('**/status.json', (route) => changed(route, (json) => (json.generation = generation)));
  await reader.page.route('**/catalog.json', (route) =>
    changed(route, (json) => {
      json.generation = generation;
      json.layers.at(-1).title.ja += ' 改';
    }),
  );
  await reader.open();
  await reader.page.evaluate(() => (globalThis.sameDocument = true));
  const before = await stateOf(reader);
  generation = '99991231T000000Z-00000000';
  await reader.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await reader.openPanel('layers');
  await reader.at('jomo-layers .title', { hasText: '改' }).filter({ hasText: '改' }).waitFor();
  await reader.settled();
  assert.deepEqual(await stateOf(reader), before);
  assert.ok(await reader.page.evaluate(() => globalThis.sameDocument));
}
