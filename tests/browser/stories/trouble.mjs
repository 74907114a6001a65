// What readers see when something is missing, late or broken.

import assert from 'node:assert/strict';

/** Past its validity a live forecast leaves the map, and the page says since when. */
export async function staleForecastLeaves(reader) {
  const { layer } = reader.region.timed;
  let expires = null;
  const asLive = async (route, edit) => {
    const response = await route.fetch();
    const json = await response.json();
    edit(json);
    await route.fulfill({ response, json });
  };
  await reader.page.route('**/catalog.json', (route) =>
    asLive(route, (json) => {
      json.layers = json.layers.filter(({ id }) => id === layer);
      json.layers[0].mode = 'live';
    }),
  );
  await reader.page.route(`**/tiles/${layer}.json`, (route) =>
    asLive(route, ({ temporal, layer: described }) => {
      expires = Date.parse(temporal.reference_time) + 3_600_000;
      temporal.expires = new Date(expires).toISOString();
      temporal.mode = 'live';
      described.mode = 'live';
    }),
  );
  const first = reader.region.timed.first.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z');
  await reader.page.clock.setFixedTime(Date.parse(first) - 3_000_000);
  await reader.open();
  assert.notEqual((await reader.inMap((jomo, id) => jomo.layersOnScreen(id), layer)).length, 0);
  assert.equal(await reader.at('[data-stale]').count(), 0);

  await reader.page.clock.setFixedTime(expires);
  const notice = reader.at(`[data-stale=${layer}]`);
  await notice.waitFor();
  assert.match(await notice.textContent(), /更新が止まっています\(\d\d:\d\d時点の情報です\)/);
  assert.deepEqual(await reader.inMap((jomo, id) => jomo.layersOnScreen(id), layer), []);
  await reader.picture('stale');
  await reader.checkAccess('stale');
}

/** Without a server the page says so, and one press brings everything. */
export async function retryRecovers(reader) {
  await reader.page.route('**/catalog.json', (route) => route.abort());
  await reader.page.goto(reader.url);
  const retry = reader.at('.notice [data-action=retry]');
  await retry.waitFor();
  assert.match(await reader.at('.notice').textContent(), /サーバーにつながりません/);
  await reader.picture('offline');
  await reader.checkAccess('offline');
  await reader.page.unroute('**/catalog.json');
  await reader.press(retry);
  await retry.waitFor({ state: 'detached' });
  await reader.settled();
  await reader.openPanel('layers');
  assert.notEqual(await reader.at('input[data-layer]').count(), 0);
  reader.forgive(/ERR_FAILED/);
}

/** Tiles that fail are told once, and come with a press. */
export async function brokenTilesAreTold(reader) {
  await reader.page.route('**/*.mvt', (route) => route.fulfill({ status: 500 }));
  await reader.page.goto(reader.url);
  const retry = reader.at('.notice [data-action=retry]');
  await retry.waitFor();
  assert.equal(await reader.at('.notice').count(), 1);
  await reader.page.unroute('**/*.mvt');
  await reader.press(retry);
  await retry.waitFor({ state: 'detached' });
  await reader.settled();
  assert.match(await reader.lattice(reader.region.timed.layer, 'rain_class'), /[1-9]/);
  reader.forgive(/status of 500/);
}

/** A browser without WebGL still gets the layers with legend and provenance, and a way on. */
export async function withoutWebGl(reader) {
  await reader.page.addInitScript(() => {
    HTMLCanvasElement.prototype.getContext = () => null;
  });
  await reader.page.goto(reader.url);
  await reader.openPanel('layers');
  await reader.at('input[data-layer]').first().waitFor();
  assert.match(await reader.at('.notice').textContent(), /WebGL/);
  await reader.picture('no-webgl');
}
