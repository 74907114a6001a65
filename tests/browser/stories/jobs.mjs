// Long work: a file becomes a layer, a job is cancelled, a server restarts in between.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { BARE } from '../reader.mjs';

/** Points in a file that takes the worker a few seconds. */
const MANY = 60_000;

/** A file of `count` invented points around the middle of the sample region. */
function points(count) {
  const features = Array.from({ length: count }, (_, i) => ({
    type: 'Feature',
    properties: { number: i, name: `架空 ${i}` },
    geometry: { type: 'Point', coordinates: [140.78 + ((i * 7919) % 1_000) / 20_000, 33.62 + ((i * 104_729) % 1_009) / 20_180] },
  }));
  return Buffer.from(JSON.stringify({ type: 'FeatureCollection', features }));
}

async function openJobs(reader) {
  await reader.openPanel('jobs');
  await reader.at('jomo-jobs .head h2').first().waitFor();
}

/** Fills the form and sends it; gives the card of the job. */
async function importFile(reader, { layer, count, titleJa = layer }) {
  const before = await reader.at('jomo-jobs li').count();
  await reader.press(reader.at('jomo-jobs [data-action=import]'));
  await reader.at('jomo-import dialog[open]').waitFor();
  await reader.at('jomo-import #file').setInputFiles({ name: `${layer}.geojson`, mimeType: 'application/geo+json', buffer: points(count) });
  assert.equal(await reader.at('jomo-import #layer').inputValue(), layer, 'the name of the file suggests the id');
  await reader.at('jomo-import #titleJa').fill(titleJa);
  await reader.at('jomo-import #titleEn').fill(layer);
  await reader.at('jomo-import [name=isFictional]').check();
  await reader.press(reader.at('jomo-import [type=submit]'));
  await reader.at('jomo-import dialog[open]').waitFor({ state: 'detached' });
  await reader.at(`jomo-jobs li:nth-child(${before + 1})`).waitFor();
  return reader.at('jomo-jobs li').first();
}

const stateOf = (card, state) => card.and(card.page().locator(`[data-state=${state}]`));

/** A file is sent, worked on to the end, and stands on the map; nobody else sees it. */
export async function fileBecomesLayer(reader) {
  await reader.open(BARE);
  await reader.signIn('hanako');
  await openJobs(reader);
  await reader.press(reader.at('jomo-jobs [data-action=import]'));
  await reader.press(reader.at('jomo-import [type=submit]'));
  await reader.at('#layer-fault').waitFor();
  await reader.picture('import-faults');
  await reader.checkAccess('import-faults');
  await reader.press(reader.at('jomo-import [data-action=close]'));

  const card = await importFile(reader, { layer: 'inspections', count: 500, titleJa: '点検箇所（架空）' });
  await stateOf(card, 'done').waitFor();
  await reader.picture('job-done');
  await reader.checkAccess('job-done');
  await reader.press(card.locator('[data-action=show]'));
  await reader.at('input[data-layer=inspections]:checked').waitFor({ state: 'attached' });
  await reader.settled();
  assert.equal(await reader.countAll('inspections'), 500);
  await reader.openPanel('layers');
  assert.equal(await reader.at('jomo-layers .switch', { hasText: '点検箇所' }).locator('.restricted').count(), 1, 'restricted unless said otherwise');
  await reader.picture('job-layer');
  await reader.closePanel();
  await reader.signOut();
  await reader.settled();
  await reader.openPanel('layers');
  assert.equal(await reader.at('input[data-layer=inspections]').count(), 0);
}

/** What cannot be read fails in people's words, with a way on. */
export async function failureIsTold(reader) {
  await reader.open(BARE);
  await reader.signIn('hanako');
  await openJobs(reader);
  await reader.press(reader.at('jomo-jobs [data-action=import]'));
  await reader.at('jomo-import #file').setInputFiles({ name: 'broken.geojson', mimeType: 'application/json', buffer: Buffer.from('{"type":"FeatureCollection"') });
  await reader.at('jomo-import #titleJa').fill('壊れたファイル');
  await reader.at('jomo-import #titleEn').fill('Broken file');
  await reader.press(reader.at('jomo-import [type=submit]'));
  const card = reader.at('jomo-jobs li', { hasText: 'broken' }).first();
  await stateOf(card, 'failed').waitFor();
  assert.match(await card.locator('.fault').textContent(), /[ぁ-ん一-龠]/);
  await reader.picture('job-failed');
  await reader.checkAccess('job-failed');
}

/** A job is cancelled after a word of confirmation, and nothing of it is published. */
export async function jobIsCancelled(reader) {
  await reader.open(BARE);
  await reader.signIn('hanako');
  await openJobs(reader);
  const card = await importFile(reader, { layer: 'cancelled', count: MANY });
  await stateOf(card, 'running').waitFor();
  await reader.press(card.locator('[data-action=cancel]'));
  await card.locator('[data-action=keep]:focus').waitFor();
  await reader.picture('job-cancel');
  await reader.checkAccess('job-cancel');
  await reader.press(card.locator('[data-action=confirm]'));
  await stateOf(card, 'cancelled').waitFor();
  await reader.openPanel('layers');
  assert.equal(await reader.at('input[data-layer=cancelled]').count(), 0);
}

/** The server restarts while a job runs: the page says that the line is down, and comes back. */
export async function restartIsSurvived(reader) {
  await reader.open(BARE);
  await reader.signIn('hanako');
  await openJobs(reader);
  const card = await importFile(reader, { layer: 'restarted', count: MANY });
  await stateOf(card, 'running').waitFor();
  await reader.page.evaluate(() => (globalThis.sameDocument = true));
  process.kill(Number(await readFile(reader.serverPid, 'utf8')), 'SIGTERM');
  await reader.at('jomo-jobs [data-down]').waitFor();
  await reader.picture('job-line-down');
  await reader.checkAccess('job-line-down');
  await reader.at('jomo-jobs [data-down]').waitFor({ state: 'detached' });
  await stateOf(card, 'done').waitFor();
  assert.ok(await reader.page.evaluate(() => globalThis.sameDocument), 'without a reload');
  reader.forgive(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|status of 503/);
}
