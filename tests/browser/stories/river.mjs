// The forecast of the rivers: gauges by the level that their band reaches, banks that need a look.

import assert from 'node:assert/strict';

const GAUGES = 'river_forecast';
const BANKS = 'river_risk';

/** A gauge tells its forecast in metres with band, reference time and what it is; quiet banks stay off the map. */
export async function riverForecastIsTold(reader) {
  await reader.open();
  await reader.openPanel('layers');
  const card = reader.at('jomo-layers li', { has: reader.page.locator(`input[data-layer=${GAUGES}]`) });
  assert.match(await card.locator('.title').textContent(), /予測（参考値・架空）/);
  await reader.picture('river-panel');

  await reader.show([BANKS, GAUGES, 'rivers']);
  await reader.fit(GAUGES);
  assert.equal(await reader.count(GAUGES), reader.region.counts.gauges);
  await reader.picture('river-forecast');
  const risks = await reader.inMap(
    (jomo, id) => jomo.map.queryRenderedFeatures({ layers: jomo.layersOnScreen(id) }).map(({ properties }) => properties.risk),
    BANKS,
  );
  assert.ok(0 < risks.length, 'some banks are drawn');
  assert.ok(risks.every((risk) => 1 <= risk), 'banks below 5 % are not');

  const chosen = await toHighest(reader);
  await press(reader, chosen.place);
  const details = reader.at(`jomo-details article[data-layer=${GAUGES}]`).first();
  await details.waitFor();
  const told = await details.textContent();
  for (const expected of [chosen.name, chosen.code.label.ja]) assert.ok(told.includes(expected), expected);
  for (const expected of [/架空/, /参考値/, /\d\.\d\d m/, /初期時刻\s*9月1日\(火\) 21:00/]) assert.match(told, expected);
  // People read JST and how far ahead it is, never the form of files.
  assert.match(told, /最高となる時刻・中央\s*9月\d日\(.\) \d\d:\d\d\(\+/);
  assert.doesNotMatch(told, /\d{4}-\d\d-\d\dT/);
  const chart = details.locator('jomo-series');
  await chart.locator('svg[role=img]').waitFor();
  for (const line of ['path.band', 'path.middle', 'line.level']) assert.ok(0 < (await chart.locator(line).count()), line);
  assert.match(await chart.locator('svg[role=img]').getAttribute('aria-label'), /予測\(中央\)の最高水位 -?\d+\.\d\d m/);
  await reader.settled();
  await reader.picture('river-details');
  await reader.checkAccess('river-details');
  await reader.press(chart.locator('summary'));
  assert.equal(await chart.locator('tbody tr:not([data-observed])').count(), 11);
  assert.match(await chart.locator('tbody tr:not([data-observed])').first().textContent(), /9月1日\(火\) 22:00 \+1時間/);
  await reader.picture('river-table');
  await reader.checkAccess('river-table');
  await reader.press(reader.at('button[data-language=en]'));
  const english = await details.textContent();
  assert.match(english, /Issued\s*Tue 1 Sep 21:00 JST/);
  assert.doesNotMatch(english, /\d{4}-\d\d-\d\dT/);
  await reader.picture('river-details-en');
  await reader.press(reader.at('jomo-details [data-action=close]'));
}

/** What a forecast lacked is told in words, beside its age: in the panel, and beside the figures of a gauge. */
export async function lackIsTold(reader) {
  const missing = { ja: '降水予測が更新されていません（古い予測の雨で計算しました）', en: 'rain forecasts are late; rain of an older one was taken' };
  await reader.page.route(`**/tiles/${GAUGES}.json`, async (route) => {
    const answer = await route.fetch();
    const json = { ...(await answer.json()), faults: [{ code: 'forecast-rain-late', count: 1, title: missing }] };
    await route.fulfill({ response: answer, json });
  });
  await reader.open();
  await reader.openPanel('layers');
  const card = reader.at('jomo-layers li', { has: reader.page.locator(`input[data-layer=${GAUGES}]`) });
  const text = (await card.textContent()).replace(/\s+/g, ' ');
  assert.match(text, /初期時刻 9月1日\(火\) 21:00/);
  assert.ok(text.includes(missing.ja), text);
  assert.ok(!text.includes('forecast-rain-late'), 'words, not a code');
  await card.scrollIntoViewIfNeeded();
  await reader.picture('lack-panel');
  await reader.checkAccess('lack-panel');
  await reader.show([GAUGES, 'rivers']);
  const chosen = await toHighest(reader);
  await press(reader, chosen.place);
  const details = reader.at(`jomo-details article[data-layer=${GAUGES}]`).first();
  await details.waitFor();
  assert.ok((await details.locator('[data-missing]').textContent()).includes(missing.ja));
  await reader.picture('lack-details');
  await reader.press(reader.at('button[data-language=en]'));
  assert.ok((await details.locator('[data-missing]').textContent()).includes(missing.en));
}

/** Brings the gauge with the highest risk into the middle; gives its place, name and class. */
async function toHighest(reader) {
  const chosen = await reader.inMap((jomo, id) => {
    const features = jomo.map.queryRenderedFeatures({ layers: jomo.layersOnScreen(id) });
    const [first] = features.sort((a, b) => b.properties.risk - a.properties.risk);
    jomo.map.jumpTo({ center: first.geometry.coordinates, zoom: 13 });
    const field = jomo.atlas.layers.find(({ entry }) => entry.id === id).description.fields.find(({ name }) => name === 'risk');
    const code = field.codes.find(({ value }) => value === first.properties.risk);
    return { place: first.geometry.coordinates, name: first.properties.name, code };
  }, GAUGES);
  await reader.settled();
  const spot = await reader.inMap((jomo, place) => jomo.map.project(place), chosen.place);
  assert.equal(await reader.colorAt(spot), chosen.code.color.toLowerCase());
  return chosen;
}

async function press(reader, place) {
  const spot = await reader.inMap((jomo, there) => jomo.map.project(there), place);
  const box = await reader.at('#map').boundingBox();
  if (reader.isWide) await reader.page.mouse.click(box.x + spot.x, box.y + spot.y);
  else await reader.page.touchscreen.tap(box.x + spot.x, box.y + spot.y);
}
