// The flood: classes in the manual's colours, moved by the slider together with the rain.

import assert from 'node:assert/strict';

const DEPTH = 'flood_depth';
const VIEWS = ['flood_depth_max', 'flood_arrival', 'flood_duration', 'flood_force'];

/** A place of the screen with the wanted class all around it, and the class; `null` without any. */
const floodedSpot = (reader, [layer, field]) =>
  reader.inMap(
    (jomo, [id, name]) => {
      const { clientWidth, clientHeight } = jomo.map.getCanvas();
      const layers = jomo.layersOnScreen(id).filter((one) => jomo.map.getLayer(one).type === 'fill');
      const classAt = (x, y) => jomo.map.queryRenderedFeatures([x, y], { layers })[0]?.properties[name] ?? -1;
      const spots = [];
      for (let y = 0.2 * clientHeight; y < 0.7 * clientHeight; y += 9) {
        for (let x = 40; x < clientWidth - 40; x += 9) {
          const found = classAt(x, y);
          const around = [[-6, 0], [6, 0], [0, -6], [0, 6]].map(([east, south]) => classAt(x + east, y + south));
          if (1 <= found && found <= 8 && around.every((other) => other === found)) spots.push({ x, y, found });
        }
      }
      return spots.sort((a, b) => b.found - a.found)[0] ?? null;
    },
    [layer, field],
  );

const press = async (reader, { x, y }) => {
  const box = await reader.at('#map').boundingBox();
  if (reader.isWide) await reader.page.mouse.click(box.x + x, box.y + y);
  else await reader.page.touchscreen.tap(box.x + x, box.y + y);
};

/** Depth is shown first, says what it is, follows the slider with the rain, and answers a click. */
export async function floodIsTold(reader) {
  const { first, last, steps } = reader.region.flood;
  await reader.open();
  const shown = await reader.inMap((jomo) => jomo.atlas.layers.filter(({ visible }) => visible).map(({ entry }) => entry.id));
  assert.ok(shown.includes(DEPTH));
  assert.ok(VIEWS.every((id) => !shown.includes(id)), 'one view of the flood at first');
  await reader.openPanel('layers');
  const card = reader.at('jomo-layers li', { has: reader.page.locator(`input[data-layer=${DEPTH}]`) });
  assert.match(await card.locator('.title').textContent(), /予測\(参考値、架空\)/);
  assert.match(await card.locator('[data-legend-title]').textContent(), /水害ハザードマップ作成の手引き 詳細版/);
  assert.equal(await card.locator('.legend li').count(), 11);
  await reader.picture('flood-panel');

  await reader.show([DEPTH, 'rain_forecast', 'rivers', 'municipalities']);
  const slider = reader.at('jomo-time input[type=range]');
  assert.equal(await slider.getAttribute('max'), String(steps - 1));
  assert.equal(await reader.shownTime(), first);
  await reader.fit(DEPTH);
  const early = [await reader.lattice(DEPTH, 'depth_class'), await reader.lattice('rain_forecast', 'rain_class')];
  await reader.picture('flood-first');
  await slider.fill(String(steps - 1));
  await reader.settled();
  assert.equal(await reader.shownTime(), last);
  const late = [await reader.lattice(DEPTH, 'depth_class'), await reader.lattice('rain_forecast', 'rain_class')];
  assert.ok(early.every((drawn, i) => drawn !== late[i]), 'flood and rain move together');
  const wet = (drawn) => drawn.replace(/[^1-8]/g, '').length;
  assert.ok(wet(early[0]) < wet(late[0]), 'the water spreads');
  await reader.picture('flood-last');

  await reader.show([DEPTH]);
  const spot = await floodedSpot(reader, [DEPTH, 'depth_class']);
  assert.ok(spot !== null, 'something is flooded');
  const code = await reader.inMap(
    (jomo, [id, value]) => jomo.atlas.layers.find(({ entry }) => entry.id === id).description.fields[0].codes.find((one) => one.value === value),
    [DEPTH, spot.found],
  );
  assert.equal(await reader.colorAt(spot), code.color, 'the colour of the manual, to the last bit');
  await press(reader, spot);
  const details = reader.at(`jomo-details article[data-layer=${DEPTH}]`);
  await details.waitFor();
  const told = await details.textContent();
  for (const expected of [/架空/, /参考値/, new RegExp(code.label.ja), /対象時刻/, /9月2日.*03:00/]) assert.match(told, expected);
  await reader.picture('flood-details');
  await reader.checkAccess('flood-details');
  await reader.press(reader.at('button[data-language=en]'));
  assert.match(await details.textContent(), /fictional/);
  await reader.picture('flood-details-en');
  await reader.press(reader.at('jomo-details [data-action=close]'));
}

/** The other views of the flood have classes and colours of their own, and a legend that says of what. */
export async function floodHasOtherViews(reader) {
  await reader.open();
  for (const id of VIEWS) {
    await reader.show([id, 'rivers']);
    await reader.fit(id);
    const field = await reader.inMap((jomo, layer) => jomo.atlas.layers.find(({ entry }) => entry.id === layer).description.fields[0], id);
    const spot = await floodedSpot(reader, [id, field.name]);
    assert.ok(spot !== null, `${id} has something to show`);
    const expected = field.codes.find(({ value }) => value === spot.found).color;
    await reader.picture(id);
    await reader.show([id]);
    assert.equal(await reader.colorAt(spot), expected, id);
  }
  assert.equal(await reader.at('jomo-time').count(), 0, 'these have no time');
}
