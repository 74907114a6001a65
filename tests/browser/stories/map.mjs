// What the map shows: every feature, every step of time, attributes, the frame.

import assert from 'node:assert/strict';

/** Every municipality, gauge and shelter is drawn: none is thinned out. */
export async function everyFeatureIsDrawn(reader) {
  await reader.open();
  for (const [layer, expected] of Object.entries(reader.region.counts)) {
    await reader.show([layer]);
    assert.equal(await reader.countAll(layer), expected, layer);
  }
  await reader.show([...Object.keys(reader.region.counts), reader.region.timed.layer]);
  await reader.picture('all-layers');
}

/** The slider changes the time told and the rain drawn; playing does so by itself. */
export async function sliderMovesTime(reader) {
  const { layer, steps, first } = reader.region.timed;
  await reader.open();
  await reader.show([layer]);
  const slider = reader.at('jomo-time input[type=range]');
  assert.equal(await slider.getAttribute('max'), String(steps - 1));
  assert.equal(await reader.shownTime(), first);
  const told = await reader.at('jomo-time .now strong').textContent();
  const drawn = await reader.lattice(layer, 'rain_class');
  assert.match(drawn, /[1-9]/, 'rain is drawn');

  await slider.fill(String(steps - 1));
  await reader.settled();
  assert.notEqual(await reader.shownTime(), first);
  assert.notEqual(await reader.at('jomo-time .now strong').textContent(), told);
  const later = await reader.lattice(layer, 'rain_class');
  assert.match(later, /[1-9]/, 'rain is drawn at the last step');
  assert.notEqual(later, drawn);
  await reader.picture('last-step');

  await reader.press(reader.at('jomo-time [data-action=play]'));
  await reader.page.waitForFunction(
    (start) => document.querySelector('jomo-map').shadowRoot.querySelector('jomo-time').shadowRoot.querySelector('.now').dataset.shown === start,
    first,
  );
  await reader.press(reader.at('jomo-time [data-action=pause]'));
  await reader.settled();

  const centre = await reader.inMap((jomo) => jomo.map.getCenter().toArray());
  await reader.at('#map canvas').press('Enter');
  await reader.at('jomo-details').waitFor();
  await reader.at('jomo-time [data-action=forward]').dispatchEvent('click');
  await reader.settled();
  const [inWords, onMap] = await reader.inMap(
    (jomo, [id, place]) => {
      const [feature] = jomo.map.queryRenderedFeatures(jomo.map.project(place), { layers: jomo.layersOnScreen(id) });
      return [jomo.found.find((one) => one.layer.entry.id === id)?.feature.properties, feature?.properties];
    },
    [layer, centre],
  );
  assert.deepEqual(inWords, onMap, 'attributes follow the time');
}

/** A click on a point tells its name and attributes; the point is drawn in the legend's colour. */
export async function clickShowsAttributes(reader) {
  const { layer, attributes } = reader.region.click;
  await reader.open();
  await reader.show([layer]);
  await reader.fit(layer);
  const chosen = await reader.inMap((jomo, id) => {
    const [feature] = jomo.map.queryRenderedFeatures({ layers: jomo.layersOnScreen(id) });
    jomo.map.jumpTo({ center: feature.geometry.coordinates, zoom: 13 });
    const { legend } = jomo.atlas.layers.find(({ entry }) => entry.id === id).description;
    return { id: String(feature.id), place: feature.geometry.coordinates, values: Object.values(feature.properties).map(String), color: legend[0].color };
  }, layer);
  await reader.settled();
  const spot = await reader.inMap((jomo, place) => jomo.map.project(place), chosen.place);
  assert.equal(await reader.colorAt(spot), chosen.color.toLowerCase());

  const box = await reader.at('#map').boundingBox();
  if (reader.size === 'desktop') await reader.page.mouse.click(box.x + spot.x, box.y + spot.y);
  else await reader.page.touchscreen.tap(box.x + spot.x, box.y + spot.y);
  const card = reader.at(`jomo-details article[data-layer=${layer}]`).first();
  await card.waitFor();
  assert.equal(await card.getAttribute('data-feature'), chosen.id);
  const name = (await card.locator('h3').textContent()).trim();
  assert.ok(chosen.values.includes(name), `the name ${name} is an attribute of the feature`);
  assert.ok(attributes <= (await card.locator('dl > div').count()), 'attributes are listed');
  await reader.settled();
  await reader.picture('attributes');
  await reader.checkAccess('attributes');
  await reader.press(reader.at('jomo-details [data-action=close]'));
  await reader.at('jomo-details').waitFor({ state: 'hidden' });
}

/** What is not the present is framed, in words and colour, as long as it is shown. */
export async function frameIsDrawn(reader) {
  const { frame, timed } = reader.region;
  await reader.open();
  const drawn = reader.at(`.frame[data-frame=${frame}]`);
  assert.match(await drawn.textContent(), frame === 'replay' ? /再現/ : /架空/);
  assert.ok(await drawn.locator('p').isVisible());
  await reader.picture('first-view');
  await reader.press(reader.at('button[data-language=en]'));
  assert.match(await drawn.textContent(), frame === 'replay' ? /REPLAY/ : /FICTIONAL/);
  if (frame === 'replay') {
    await reader.openPanel('layers');
    await reader.at(`input[data-layer=${timed.layer}]`).uncheck();
    await drawn.waitFor({ state: 'detached' });
    assert.equal(await reader.at('jomo-time').count(), 0, 'no slider without a layer that has time');
  }
}
