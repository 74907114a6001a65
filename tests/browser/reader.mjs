// One reader before one page: opens it, looks at the map, uses it, and notes what went wrong.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const SIZES = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  /** A desktop screen at 400 %. */
  zoomed: { viewport: { width: 320, height: 256 } },
  narrow: { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true },
};

/** Longest wait for anything, in milliseconds: software WebGL on a busy machine is slow. */
const PATIENCE_MS = 30_000;

/** An address without layers: drawing them by software takes most of the time of a story. */
export const BARE = '#layers=';

export class Reader {
  /** Everything that must not happen, in the order in which it did. */
  faults = [];

  constructor(page, setting) {
    const { url } = setting;
    Object.assign(this, { page, setting, ...setting });
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.faults.push(`error in the page: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.faults.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const isOwn = request.url().startsWith(url) || request.url().startsWith('blob:');
      if (!isOwn) this.faults.push(`request to another place: ${request.url()}`);
    });
  }

  get isWide() {
    return 768 <= SIZES[this.size].viewport.width;
  }

  /** Opens the page at `hash` and waits until all is drawn. */
  async open(hash = '') {
    await this.page.goto(`${this.url}${hash}`);
    await this.settled();
  }

  /**
   * Waits until everything wanted is on screen and still is two frames later: the first may lay out
   * the page anew, and a picture shows only frames that have been presented.
   */
  async settled() {
    let stays = false;
    while (!stays) {
      await this.page.waitForFunction(() => document.querySelector('jomo-map')?.isSettled === true);
      stays = await this.page.evaluate(async () => {
        for (let frame = 0; frame < 2; frame += 1) await new Promise((done) => requestAnimationFrame(done));
        return document.querySelector('jomo-map').isSettled;
      });
    }
  }

  /** Runs `act(jomoMap, argument)` in the page. */
  inMap(act, argument) {
    return this.page.evaluate(`(${act})(document.querySelector('jomo-map'), ${JSON.stringify(argument)})`);
  }

  at(selector, options) {
    return this.page.locator(selector, options);
  }

  /** Clicks with the mouse or taps with the finger. */
  async press(locator) {
    await (SIZES[this.size].hasTouch ? locator.tap() : locator.click());
  }

  /** Opens the panel on a small screen; on a wide one it is open. */
  async openPanel(tab) {
    const button = this.at(`button[data-tab=${tab}]`);
    const isThere = (await button.getAttribute('aria-current')) === 'true' && (await this.at('#panel').isVisible());
    if (!isThere) await this.press(button);
    await this.at('#panel').waitFor();
  }

  async closePanel() {
    const button = this.at('button[data-tab][aria-current=true]');
    if (!this.isWide && (await button.getAttribute('aria-expanded')) === 'true') await this.press(button);
  }

  /** Switches on exactly these layers, through the panel. */
  async show(ids) {
    await this.openPanel('layers');
    for (const box of await this.at('input[data-layer]').all()) {
      await box.setChecked(ids.includes(await box.getAttribute('data-layer')));
    }
    await this.closePanel();
    await this.settled();
  }

  /** Brings the whole of a layer into view. */
  async fit(id) {
    await this.inMap(
      (jomo, layer) =>
        jomo.map.fitBounds([...jomo.atlas.layers.find(({ entry }) => entry.id === layer).entry.bounds], {
          padding: 12,
          animate: false,
        }),
      id,
    );
    await this.settled();
  }

  /** Ids of the features of a layer that are drawn in view. */
  idsInView(id) {
    return this.inMap((jomo, layer) => {
      const features = jomo.map.queryRenderedFeatures({ layers: jomo.layersOnScreen(layer) });
      return [...new Set(features.map((feature) => feature.id))];
    }, id);
  }

  /** How many different features of a layer are drawn in view. */
  async count(id) {
    return (await this.idsInView(id)).length;
  }

  /**
   * How many different features of a layer are drawn in all: in one view if the layer is shown at
   * that zoom, else in as few views side by side as its lowest zoom needs.
   */
  async countAll(id) {
    await this.fit(id);
    const centres = await this.inMap((jomo, layer) => {
      const { map } = jomo;
      const { bounds, minzoom } = jomo.atlas.layers.find(({ entry }) => entry.id === layer).description;
      if (minzoom <= map.getZoom()) return [map.getCenter().toArray()];
      map.jumpTo({ zoom: minzoom });
      const [west, south, east, north] = bounds;
      const [from, to] = [map.project([west, north]), map.project([east, south])];
      const { clientWidth, clientHeight } = map.getCanvas();
      const middles = (start, end, step) =>
        Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + (i + 0.5) * step);
      return middles(from.y, to.y, clientHeight).flatMap((y) =>
        middles(from.x, to.x, clientWidth).map((x) => map.unproject([x, y]).toArray()),
      );
    }, id);
    const seen = new Set();
    for (const centre of centres) {
      await this.inMap((jomo, place) => jomo.map.jumpTo({ center: place }), centre);
      await this.settled();
      for (const feature of await this.idsInView(id)) seen.add(feature);
    }
    return seen.size;
  }

  /** Values of `property` of a layer under a lattice of 24 by 24 places of the screen. */
  lattice(id, property) {
    return this.inMap(
      (jomo, [layer, name]) => {
        const { clientWidth, clientHeight } = jomo.map.getCanvas();
        const layers = jomo.layersOnScreen(layer);
        const values = [];
        for (let i = 0; i < 576; i += 1) {
          const place = [((i % 24) + 0.5) * (clientWidth / 24), (Math.floor(i / 24) + 0.5) * (clientHeight / 24)];
          values.push(jomo.map.queryRenderedFeatures(place, { layers })[0]?.properties[name] ?? '-');
        }
        return values.join('');
      },
      [id, property],
    );
  }

  /** Valid time on the map, in the form of addresses. */
  shownTime() {
    return this.at('jomo-time .now').getAttribute('data-shown');
  }

  /** The colour on the screen at a place of the map, as `#rrggbb`. */
  async colorAt({ x, y }) {
    const box = await this.at('#map').boundingBox();
    const clip = { x: Math.round(box.x + x), y: Math.round(box.y + y), width: 1, height: 1 };
    const png = (await this.page.screenshot({ clip })).toString('base64');
    const blank = await this.page.context().newPage();
    const [red, green, blue] = await blank.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const context = new OffscreenCanvas(1, 1).getContext('2d');
      context.drawImage(image, 0, 0);
      return [...context.getImageData(0, 0, 1, 1).data];
    }, png);
    await blank.close();
    return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  }

  /** Fills the dialogue and sends it. */
  async typeSignIn(login, password) {
    await this.at('jomo-sign-in #login').fill(login);
    await this.at('jomo-sign-in #password').fill(password);
    await this.press(this.at('jomo-sign-in [type=submit]'));
  }

  /** Signs in as one of the invented people. */
  async signIn(who) {
    const { login, password } = this.people[who];
    await this.press(this.at('[data-action=sign-in]'));
    await this.at('jomo-sign-in dialog[open]').waitFor();
    await this.typeSignIn(login, password);
    await this.at('[data-action=account]').waitFor();
    await this.settled();
  }

  async signOut() {
    await this.press(this.at('[data-action=account]'));
    await this.press(this.at('[data-action=sign-out]'));
    await this.at('[data-action=sign-in]').waitFor();
  }

  /** The same person at another tab of the same browser; its faults are this reader's. */
  async another() {
    const other = new Reader(await this.page.context().newPage(), this.setting);
    other.faults = this.faults;
    return other;
  }

  /** Keeps a picture for people to look at. */
  async picture(name) {
    await this.page.screenshot({ path: join(this.out, `${name}-${this.size}.png`) });
  }

  /** Runs axe on the page as it stands: no violation of any weight is accepted. */
  async checkAccess(state) {
    await this.page.evaluate(AXE);
    const violations = await this.page.evaluate(async () => {
      const found = await globalThis.axe.run(document, { resultTypes: ['violations'] });
      return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.flat().join(' ')).join(', ')}`);
    });
    assert.deepEqual(violations, [], `axe, ${state}`);
  }

  /** Lets a deliberate fault pass, e.g. a request that a story has broken itself. */
  forgive(pattern) {
    this.faults.splice(0, this.faults.length, ...this.faults.filter((fault) => !pattern.test(fault)));
  }
}

/** Presses Tab, or Shift+Tab, until the focus is on an element that matches `selector`. */
export async function tabTo(reader, selector, key = 'Tab') {
  for (let presses = 0; presses < 80; presses += 1) {
    await reader.page.keyboard.press(key);
    const isThere = await reader.page.evaluate((wanted) => {
      let active = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return active?.matches(wanted) === true;
    }, selector);
    if (isThere) return;
  }
  assert.fail(`${key} never reaches ${selector}`);
}
