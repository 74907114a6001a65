/** `<jomo-map>`: the whole page. It holds the state; all other parts show it and report wishes. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { LngLat, Map as MapLibreMap } from 'maplibre-gl';

import { Atlas, drawable, startingTime, type ReadyLayer } from './atlas';
import { Drawing } from './drawing';
import { HIGHLIGHT, highlight } from './highlight';
import { featuresAt, featuresInView, isOutdated, piecesOf, placeOf, wayOutOf } from './inspection';
import type { Found, Group, Scene, Spot } from './inspection';
import type { JomoDetails } from './jomo-details';
import type { LayerChange, LayerMove } from './jomo-layers';
import { mapStyles } from './map-styles';
import { frame, staleNotices, trouble } from './notices';
import { readPermalink, writePermalink, type View } from './permalink';
import { wantedAt } from './plan';
import { Staff, type StaffHost } from './staff';
import { fit, hasWebGl, openMap, viewOf } from './stage';
import { allSteps, nearestStep, stepAt } from './steps';
import { icon, type Icon } from './swatch';
import { clockTime } from './time';
import { LANGUAGES, say, type Language } from './words';

/** How often the server is asked for a new generation. */
const POLL_MS = 30_000;
/** Validity is judged this often: a stale forecast stands no longer than that. */
const JUDGE_MS = 1_000;
const MINUTE_MS = 60_000;
/** How far from a point or line a click still counts, in pixels: half of a 24-pixel target. */
const REACH = 12;
/** A layer just published is waited for this long, this often. */
const ARRIVAL_MS = 500;
const ARRIVAL_TRIES = 20;

type Tab = 'layers' | 'list' | 'jobs';

export class JomoMap extends LitElement implements StaffHost {
  static override properties = {
    language: { state: true },
    chosenTime: { state: true },
    found: { state: true },
    groups: { state: true },
    tab: { state: true },
    open: { state: true },
    now: { state: true },
    tileTrouble: { state: true },
    fetching: { state: true },
    zoom: { state: true },
    missed: { state: true },
  };

  /** The MapLibre map, once it is there. */
  map: MapLibreMap | undefined;
  readonly atlas = new Atlas();
  readonly staff = new Staff(this);

  declare language: Language;
  /** The time the reader has chosen; `null` follows the layers' own now. */
  declare chosenTime: number | null;
  /** What was found at the place last asked about; `null` before that. */
  declare found: readonly Found[] | null;
  declare groups: readonly Group[];
  declare tab: Tab;
  /** Whether the panel is unfolded; on a wide screen it always is. */
  declare open: boolean;
  declare now: number;
  declare tileTrouble: boolean;
  declare fetching: boolean;
  declare zoom: number | null;
  /** A layer that was to be shown has not arrived. */
  declare missed: boolean;

  #drawing: Drawing | undefined;
  #view: View | null = null;
  #fitted = false;
  #returnFocus: HTMLElement | null = null;
  /** The place last asked about; `null` where a feature was chosen from the list. */
  #asked: LngLat | null = null;
  readonly #canDraw = hasWebGl();
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  constructor() {
    super();
    this.language = 'ja';
    this.chosenTime = null;
    this.found = null;
    this.groups = [];
    this.tab = 'layers';
    this.open = false;
    this.now = Date.now();
    this.tileTrouble = false;
    this.fetching = true;
    this.zoom = null;
    this.missed = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#readAddress();
    addEventListener('hashchange', this.#onAddress);
    document.addEventListener('visibilitychange', this.#onVisible);
    this.atlas.addEventListener('change', this.#onAtlas);
    this.#timers.push(setInterval(() => this.#poll(), POLL_MS), setInterval(() => this.#judge(), JUDGE_MS));
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('hashchange', this.#onAddress);
    document.removeEventListener('visibilitychange', this.#onVisible);
    this.atlas.removeEventListener('change', this.#onAtlas);
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.map?.remove();
    this.map = undefined;
    this.#drawing = undefined;
  }

  override firstUpdated(): void {
    if (this.#canDraw) void this.#openMap();
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('language')) {
      if (this.tab === 'list') this.#listFeatures();
      document.documentElement.lang = this.language;
      document.title = say(this.language, 'web-title');
      this.map?.getCanvas().setAttribute('aria-label', say(this.language, 'web-map'));
    }
    this.#draw();
    this.#writeAddress();
  }

  /** MapLibre layers that show the layer `id` now. */
  layersOnScreen(id: string): string[] {
    return this.#drawing?.layersOnScreen(id) ?? [];
  }

  /** Whether all that is wanted is on screen. */
  get isSettled(): boolean {
    const { map } = this;
    if (map === undefined || this.#drawing === undefined || this.fetching || this.#drawing.isWaiting) return false;
    // MapLibre follows its container a moment late, e.g. when the panel closes; the map moves with it.
    const canvas = map.getCanvas();
    const container = map.getContainer();
    const fits = canvas.clientWidth === container.clientWidth && canvas.clientHeight === container.clientHeight;
    return fits && map.loaded();
  }

  override render(): TemplateResult {
    return html`
      <header>
        <h1><span class="mark" aria-hidden="true">${this.#say('web-mark')}</span>${this.#say('web-title')}</h1>
        <jomo-account
          .session=${this.staff.account.session}
          .language=${this.language}
          @sign-in-wish=${() => void this.staff.openSignIn()}
          @sign-out-wish=${() => void this.staff.signOut()}
        ></jomo-account>
        <div class="languages" role="group" aria-label=${this.#say('web-language')}>
          ${LANGUAGES.map(
            (language) => html`<button
              type="button"
              lang=${language}
              data-language=${language}
              aria-pressed=${language === this.language}
              @click=${() => (this.language = language)}
            >
              ${say(language, 'web-language-name')}
            </button>`,
          )}
        </div>
      </header>
      <div class="page" @layer-change=${this.#onLayerChange} @layer-move=${this.#onLayerMove} @layer-show=${this.#onLayerShow} @job-finished=${() => void this.atlas.poll()} @signed-out=${this.staff.onSignedOut} @time-change=${this.#onTimeChange} @feature-choose=${this.#onFeatureChoose} @details-close=${this.#closeDetails} @keydown=${this.#onKey}>
        <main>
          <h2 class="unseen">${this.#say('web-map')}</h2>
          <div class="map" id="map" @keydown=${this.#onMapKey}></div>
          <div class="crosshair" aria-hidden="true"></div>
          ${frame(this.#ready, this.language)}
          <div class="notices">${this.#notices()}</div>
          ${this.#canDraw ? this.#zoom() : nothing}
          <jomo-details .found=${this.#foundNow} .language=${this.language} .now=${this.now} ?hidden=${this.found === null}></jomo-details>
          <div class="foot">${this.#timeBar()}${this.#credits()}</div>
          <p class="unseen" role="status">${this.#announcement()}</p>
        </main>
        <aside aria-label=${this.#say('web-panel')} data-open=${this.open}>
          <div class="tabs">${this.#tab('layers')}${this.#tab('list')}${this.staff.isEditor ? this.#tab('jobs') : nothing}</div>
          <div class="panel" id="panel" tabindex="-1">
            ${this.#content()}
          </div>
        </aside>
      </div>
      <jomo-sign-in .account=${this.staff.account} .language=${this.language} @sign-in-close=${this.staff.onDialogueClosed}></jomo-sign-in>
    `;
  }

  /** What the panel holds. Jobs stay once opened: they go on being followed behind the other tabs. */
  #content(): TemplateResult {
    const { tab, language } = this;
    return html`
      ${tab === 'layers'
        ? html`<jomo-layers .layers=${this.atlas.layers} .language=${language} .loading=${this.fetching} .now=${this.now} .zoom=${this.zoom}></jomo-layers>`
        : nothing}
      ${tab === 'list' ? html`<jomo-list .groups=${this.groups} .language=${language}></jomo-list>` : nothing}
      ${this.staff.hasJobs && this.staff.isEditor ? html`<jomo-jobs .language=${language} ?hidden=${tab !== 'jobs'}></jomo-jobs>` : nothing}
    `;
  }

  #notices(): TemplateResult[] {
    const { problem, silent, heard, layers } = this.atlas;
    const notices = staleNotices(layers, this.language, this.now);
    if (!this.#canDraw) notices.push(html`<p class="notice" role="alert">${this.#say('web-no-webgl')}</p>`);
    const { notice } = this.staff;
    if (notice !== null) {
      const act = notice === 'web-sign-out-failed' ? (): void => void this.staff.signOut() : (): void => void this.staff.openSignIn();
      notices.push(html`<div class="notice" role="alert" data-session>
        <p>${this.#say(notice)}</p>
        <button type="button" @click=${act}>${this.#say(notice === 'web-sign-out-failed' ? 'web-sign-out' : 'web-sign-in')}</button>
        <button type="button" data-action="dismiss" @click=${() => this.staff.dismiss()}>${this.#say('web-close')}</button>
      </div>`);
    }
    if (this.missed) notices.push(html`<p class="notice" role="alert">${this.#say('web-job-show-failed')}</p>`);
    if (problem !== null) {
      notices.push(trouble(this.language, this.#say(`web-problem-${problem}`), () => void this.#load()));
    } else if (silent && heard !== null) {
      const text = this.#say('web-silent', { time: clockTime(heard) });
      notices.push(trouble(this.language, text, () => void this.atlas.poll()));
    } else if (this.tileTrouble) {
      notices.push(trouble(this.language, this.#say('web-tile-trouble'), () => this.#redraw()));
    }
    return notices;
  }

  #zoom(): TemplateResult {
    const button = (name: Icon, id: string, act: () => void): TemplateResult =>
      html`<button type="button" aria-label=${this.#say(id)} title=${this.#say(id)} @click=${act}>${icon(name)}</button>`;
    return html`<div class="zoom">
      ${button('plus', 'web-zoom-in', () => this.map?.zoomIn())} ${button('minus', 'web-zoom-out', () => this.map?.zoomOut())}
    </div>`;
  }

  #timeBar(): TemplateResult | typeof nothing {
    const timed = this.#timed;
    const first = timed[0];
    const time = this.#time;
    if (!this.#canDraw || first === undefined || time === null) return nothing;
    const { validTimes, referenceTime } = first.description;
    const shown = this.#drawing?.timeOf(first.entry.id) ?? null;
    // The slider stands at its own stop when the layer on the map has the step that belongs to it.
    const arrived = shown !== null && shown === stepAt(validTimes, time, first.entry.mode);
    return html`<jomo-time
      .steps=${allSteps(timed.map(({ description }) => description))}
      .time=${time}
      .shownTime=${arrived ? time : shown}
      .referenceTime=${referenceTime}
      .language=${this.language}
      ?compact=${this.open}
    ></jomo-time>`;
  }

  #credits(): TemplateResult | typeof nothing {
    const texts = new Set(this.#ready.map(({ description }) => description.attribution[this.language]));
    if (texts.size === 0) return nothing;
    // Two lines, the whole on demand: with many layers it covered a fifth of a phone's map.
    return html`<details class="credits"><summary><span>${this.#say('web-source')}: ${[...texts].join(' | ')}</span></summary></details>`;
  }

  #tab(tab: Tab): TemplateResult {
    const expanded = this.tab === tab && this.open;
    return html`<button
      type="button"
      data-tab=${tab}
      aria-controls="panel"
      aria-expanded=${expanded}
      aria-current=${this.tab === tab}
      @click=${() => this.#openTab(tab)}
    >
      ${this.#say(`web-tab-${tab}`)}
    </button>`;
  }

  #announcement(): string {
    const { told } = this.staff;
    if (this.fetching) return this.#say('web-loading');
    if (told !== null && this.found === null) return this.#say(told.id, { name: told.name });
    return this.found === null ? '' : this.#say('web-details-count', { count: this.#foundNow.length });
  }

  get #ready(): ReadyLayer[] {
    return drawable(this.atlas.layers, this.now);
  }

  /** What was found, without layers that have been switched off since. */
  get #foundNow(): readonly Found[] {
    const ids = new Set(this.#ready.map(({ entry }) => entry.id));
    return (this.found ?? []).filter(({ layer }) => ids.has(layer.entry.id));
  }

  get #timed(): ReadyLayer[] {
    return this.#ready.filter(({ description }) => 0 < description.validTimes.length);
  }

  /** The stop of the slider. */
  get #time(): number | null {
    const timed = this.#timed;
    const wanted = this.chosenTime ?? startingTime(timed, this.now);
    return wanted === null ? null : nearestStep(allSteps(timed.map(({ description }) => description)), wanted);
  }

  /** Asks for what is new: a generation, and whether the person's session still holds. */
  #poll(): void {
    void this.atlas.poll();
    if (this.staff.person !== null) void this.staff.account.refresh();
  }

  /** Drops everything that the person before was shown, and asks for what there is for this one. */
  changePerson(): void {
    if (this.tab === 'jobs' && !this.staff.isEditor) this.tab = 'layers';
    this.#dismiss();
    this.groups = [];
    this.#returnFocus = null;
    this.atlas.forget();
    this.#drawing?.draw([]);
    void this.#load();
  }

  async #load(): Promise<void> {
    this.fetching = true;
    await this.atlas.load();
    this.fetching = false;
  }

  async #openMap(): Promise<void> {
    const container = this.renderRoot.querySelector<HTMLElement>('#map');
    if (container === null) return;
    const map = await openMap(container, this.#view);
    this.map = map;
    this.#drawing = new Drawing(map, HIGHLIGHT);
    this.#drawing.addEventListener('shown', () => this.#onShown());
    map.getCanvas().setAttribute('aria-label', say(this.language, 'web-map'));
    map.on('click', ({ point }) => this.#inspect(point));
    this.zoom = map.getZoom();
    map.on('moveend', () => {
      this.zoom = map.getZoom();
      this.#writeAddress();
    });
    map.on('idle', () => {
      if (this.tab === 'list') this.#listFeatures();
    });
    map.on('error', () => this.#onTileTrouble());
    this.requestUpdate();
  }

  #draw(): void {
    const { map } = this;
    if (map === undefined || this.#drawing === undefined) return;
    if (!this.#fitted && 0 < this.atlas.layers.length) {
      this.#fitted = true;
      if (this.#view === null) fit(map, this.atlas.layers.map(({ entry }) => entry.bounds));
    }
    this.#drawing.draw(wantedAt(this.#ready, this.#time));
  }

  #redraw(): void {
    this.tileTrouble = false;
    this.#drawing?.redraw();
  }

  get #scene(): Scene | null {
    if (this.map === undefined || this.#drawing === undefined) return null;
    return { map: this.map, drawing: this.#drawing, layers: this.#ready };
  }

  #inspect(point: Spot): void {
    const scene = this.#scene;
    if (scene === null) return;
    this.#asked = scene.map.unproject([point.x, point.y]);
    void this.#show(scene, featuresAt(scene, point, REACH), point);
  }

  /** Shows these features, and moves the map if the card would hide `point`. */
  async #show(scene: Scene, found: readonly Found[], point: Spot | null): Promise<void> {
    this.found = found;
    const first = found[0];
    highlight(scene.map, first === undefined ? [] : piecesOf(scene, first));
    await this.updateComplete;
    const card = this.renderRoot.querySelector('jomo-details')?.getBoundingClientRect();
    if (card !== undefined && point !== null) scene.map.panBy(wayOutOf(card, scene.map.getCanvas().getBoundingClientRect(), point));
  }

  #openTab(tab: Tab): void {
    this.open = !(this.open && this.tab === tab);
    this.tab = tab;
    if (tab === 'list') this.#listFeatures();
    if (tab === 'jobs') void this.staff.openJobs();
  }

  #listFeatures(): void {
    const scene = this.#scene;
    if (scene !== null) this.groups = featuresInView(scene, this.language);
  }

  #judge(): void {
    const now = Date.now();
    const isDifferent = drawable(this.atlas.layers, now).length !== this.#ready.length;
    const passesStep = startingTime(drawable(this.atlas.layers, now), now) !== startingTime(this.#ready, this.now);
    // Ages are told in minutes.
    const isOlder = Math.floor(this.now / MINUTE_MS) < Math.floor(now / MINUTE_MS);
    if (isDifferent || passesStep || isOlder) this.now = now;
  }

  #readAddress(): void {
    const link = readPermalink(location.hash);
    if (link.language !== null) this.language = link.language;
    if (link.layers !== null) this.atlas.choose(link.layers);
    this.chosenTime = link.time;
    this.#view = link.view;
    if (link.view !== null) {
      this.map?.jumpTo({ center: [link.view.longitude, link.view.latitude], zoom: link.view.zoom });
    }
  }

  #writeAddress(): void {
    if (this.map === undefined || this.atlas.layers.length === 0) return;
    const visible = this.atlas.layers.filter((layer) => layer.visible);
    const hash = writePermalink({
      view: viewOf(this.map),
      layers: new Map(visible.map(({ entry, opacity }) => [entry.id, opacity])),
      time: this.chosenTime,
      language: this.language,
    });
    if (hash !== location.hash) history.replaceState(null, '', hash);
  }

  /** Another step or version is on the map: attributes of the one before must not stand beside it. */
  #onShown(): void {
    this.requestUpdate();
    const scene = this.#scene;
    if (scene === null || this.found === null) return;
    if (!this.found.some((found) => isOutdated(scene.drawing, found))) return;
    if (this.#asked === null) this.#dismiss();
    else void this.#show(scene, featuresAt(scene, scene.map.project(this.#asked), REACH), null);
  }

  #onTileTrouble(): void {
    if (this.tileTrouble) return;
    this.tileTrouble = true;
    // A tile of a layer that has just expired answers 410, one of a session that has ended 404: ask
    // at once what is valid now.
    this.#poll();
  }

  readonly #onAtlas = (): void => {
    this.now = Date.now();
    this.requestUpdate();
  };

  readonly #onAddress = (): void => this.#readAddress();

  readonly #onVisible = (): void => {
    if (document.visibilityState !== 'visible') return;
    this.#judge();
    this.#poll();
  };

  readonly #onLayerChange = ({ detail: { id, ...choice } }: CustomEvent<LayerChange>): void => this.atlas.set(id, choice);

  readonly #onLayerMove = ({ detail: { id, step } }: CustomEvent<LayerMove>): void => this.atlas.move(id, step);

  readonly #onLayerShow = ({ detail }: CustomEvent<string>): void => void this.#showLayer(detail);

  /** Switches a layer on and brings it into view; one just published may take a moment to arrive. */
  async #showLayer(id: string): Promise<void> {
    this.missed = false;
    for (let tries = 0; tries < ARRIVAL_TRIES; tries += 1) {
      await this.atlas.load();
      const layer = this.atlas.layers.find(({ entry, description }) => entry.id === id && description !== null);
      if (layer !== undefined) {
        this.atlas.set(id, { visible: true });
        if (this.map !== undefined) fit(this.map, [layer.entry.bounds]);
        this.tab = 'layers';
        this.open = false;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
    }
    this.missed = true;
  }

  readonly #onTimeChange = ({ detail }: CustomEvent<number>): void => {
    this.chosenTime = detail;
  };

  readonly #onFeatureChoose = ({ detail, target }: CustomEvent<Found>): void => {
    const scene = this.#scene;
    if (scene === null) return;
    this.#asked = null;
    this.#returnFocus = (target as HTMLElement).shadowRoot?.activeElement as HTMLElement | null;
    void this.#show(scene, [detail], placeOf(scene.map, detail.feature));
    void this.renderRoot.querySelector<JomoDetails>('jomo-details')?.takeFocus();
  };

  #dismiss(): void {
    this.found = null;
    if (this.map !== undefined) highlight(this.map, []);
  }

  readonly #closeDetails = (): void => {
    this.#dismiss();
    (this.#returnFocus ?? this.map?.getCanvas())?.focus();
    this.#returnFocus = null;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && this.found !== null) this.#closeDetails();
  };

  /** Enter on the map asks about its centre, where the crosshair stands. */
  readonly #onMapKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || this.map === undefined) return;
    const { clientWidth, clientHeight } = this.map.getCanvas();
    this.#returnFocus = this.map.getCanvas();
    this.#inspect({ x: clientWidth / 2, y: clientHeight / 2 });
    void this.renderRoot.querySelector<JomoDetails>('jomo-details')?.takeFocus();
  };

  #say(id: string, values?: Record<string, string | number>): string {
    return say(this.language, id, values);
  }

  static override styles = mapStyles;
}
