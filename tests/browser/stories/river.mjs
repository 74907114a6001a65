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
  const box = await reader.at('#map').boundingBox();
  if (reader.isWide) await reader.page.mouse.click(box.x + spot.x, box.y + spot.y);
  else await reader.page.touchscreen.tap(box.x + spot.x, box.y + spot.y);
  const details = reader.at(`jomo-details article[data-layer=${GAUGES}]`).first();
  await details.waitFor();
  const told = await details.textContent();
  for (const expected of [chosen.name, chosen.code.label.ja]) assert.ok(told.includes(expected), expected);
  for (const expected of [/架空/, /参考値/, /\d m/]) assert.match(told, expected);
  await reader.settled();
  await reader.picture('river-details');
  await reader.checkAccess('river-details');
}
