/** `<jomo-layers>`: what can be shown, with legend, opacity and where it comes from. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

import { groupOf, GROUPS, isStale, type Layer, type LayerGroup, type ReadyLayer } from './atlas';
import type { Description } from './contract';
import { issue, issueStyles } from './issue';
import { legendOf } from './legend';
import { look } from './look';
import { restrictedMark } from './restricted';
import { icon, swatch } from './swatch';
import { dayAndTime } from './time';
import { say, type Language } from './words';

/** Detail of the event `layer-change`. */
export interface LayerChange {
  readonly id: string;
  readonly visible?: boolean;
  readonly opacity?: number;
}

/** Detail of the event `layer-move`. */
export interface LayerMove {
  readonly id: string;
  /** `-1` towards the front, `1` towards the back. */
  readonly step: -1 | 1;
}

export class JomoLayers extends LitElement {
  static override properties = {
    layers: { attribute: false },
    language: { attribute: false },
    loading: { attribute: false },
    now: { attribute: false },
    zoom: { attribute: false },
    told: { state: true },
  };

  declare layers: readonly Layer[];
  declare language: Language;
  /** Whether the catalogue is still on its way. */
  declare loading: boolean;
  /** Wall-clock time that validity is judged by. */
  declare now: number;
  /** Zoom of the map; `null` without a map. */
  declare zoom: number | null;
  /** What has just been moved where, for those who do not see it. */
  declare told: string;

  constructor() {
    super();
    this.layers = [];
    this.language = 'ja';
    this.loading = true;
    this.now = Date.now();
    this.zoom = null;
    this.told = '';
  }

  override render(): TemplateResult {
    if (this.layers.length === 0) return this.loading ? this.#skeleton() : html`<p class="empty">${this.#say('web-layers-none')}</p>`;
    return html`${GROUPS.map((group) => this.#group(group))}<p class="unseen" role="status">${this.told}</p>`;
  }

  #group(group: LayerGroup): TemplateResult | typeof nothing {
    const members = this.layers.filter((layer) => groupOf(layer) === group);
    if (members.length === 0) return nothing;
    return html`<section data-group=${group}>
      <h3>${this.#say(`web-group-${group}`)}</h3>
      <ul>
        ${repeat(
          members,
          ({ entry }) => entry.id,
          (layer) => html`<li>${this.#card(layer, members)}</li>`,
        )}
      </ul>
    </section>`;
  }

  #skeleton(): TemplateResult {
    return html`<div class="skeleton" role="status">
      <span class="unseen">${this.#say('web-loading')}</span><i></i><i></i><i></i><i></i>
    </div>`;
  }

  #card(layer: Layer, members: readonly Layer[]): TemplateResult {
    const { entry, description, visible } = layer;
    const title = entry.title[this.language];
    return html`
      <label class="switch">
        <input
          type="checkbox"
          data-layer=${entry.id}
          .checked=${visible}
          @change=${(event: Event) =>
            this.#change({ id: entry.id, visible: (event.target as HTMLInputElement).checked })}
        />
        <span class="title">${title}</span>
        ${restrictedMark(entry, this.language)}
      </label>
      ${this.#state(layer)}
      ${visible && description !== null
        ? html`<div class="body">${issue(layer as ReadyLayer, this.language, this.now)}${this.#legend(description)}${this.#opacity(layer)}${this.#places(layer, members)}${this.#provenance(layer, description)}</div>`
        : nothing}
    `;
  }

  #state(layer: Layer): TemplateResult | typeof nothing {
    if (isStale(layer, this.now)) return html`<p class="warning">${this.#say('web-layer-stale')}</p>`;
    if (layer.problem !== null) return html`<p class="warning">${this.#say(`web-problem-${layer.problem}`)}</p>`;
    const isTooFar = layer.visible && layer.description !== null && this.zoom !== null && this.zoom < layer.description.minzoom;
    return isTooFar ? html`<p class="hint">${this.#say('web-layer-zoom')}</p>` : nothing;
  }

  #opacity({ entry, opacity }: Layer): TemplateResult {
    const percent = Math.round(opacity * 100);
    return html`<label class="opacity">
      <span>${this.#say('web-opacity')}</span>
      <input
        type="range"
        min="0"
        max="100"
        step="5"
        .value=${String(percent)}
        aria-valuetext=${`${percent} %`}
        @input=${(event: Event) =>
          this.#change({ id: entry.id, opacity: Number((event.target as HTMLInputElement).value) / 100 })}
      />
      <output>${percent} %</output>
    </label>`;
  }

  /** Buttons that bring the layer before or behind its neighbours. */
  #places({ entry }: Layer, members: readonly Layer[]): TemplateResult | typeof nothing {
    if (members.length < 2) return nothing;
    const place = members.findIndex((layer) => layer.entry.id === entry.id);
    const button = (name: 'up' | 'down', step: -1 | 1): TemplateResult => html`<button
      type="button"
      data-move=${name}
      aria-label=${`${entry.title[this.language]} ${this.#say(`web-layer-${name}`)}`}
      ?disabled=${members[place + step] === undefined}
      @click=${(event: Event) => void this.#move(event.currentTarget as HTMLElement, { id: entry.id, step }, members)}
    >
      ${icon(name)}${this.#say(`web-layer-${name}`)}
    </button>`;
    return html`<div class="places">${button('up', -1)}${button('down', 1)}</div>`;
  }

  async #move(button: HTMLElement, detail: LayerMove, members: readonly Layer[]): Promise<void> {
    const place = members.findIndex((layer) => layer.entry.id === detail.id) + detail.step;
    const title = members[place - detail.step]?.entry.title[this.language] ?? '';
    this.dispatchEvent(new CustomEvent<LayerMove>('layer-move', { detail, bubbles: true, composed: true }));
    this.told = this.#say('web-layer-moved', { title, place: place + 1, count: members.length });
    // A card that changes its place in the list loses the focus.
    await new Promise(requestAnimationFrame);
    const target = button.matches(':disabled') ? button.parentElement?.querySelector<HTMLElement>('button:enabled') : button;
    target?.focus();
  }

  #legend(description: Description): TemplateResult | typeof nothing {
    const lines = legendOf(description);
    if (lines.length === 0) return nothing;
    const title = description.legendTitle?.[this.language] ?? '';
    return html`${title === '' ? nothing : html`<p class="edition" data-legend-title>${title}</p>`}
      <ul class="legend" aria-label=${this.#say('web-legend')}>
      ${lines.map((line) => html`<li ?data-wide=${line.color === null}>${swatch(line)}<span>${line.label[this.language]}</span></li>`)}
    </ul>`;
  }

  #provenance({ entry }: Layer, { attribution, licence, referenceTime, featureCount, run }: Description): TemplateResult {
    const rows: [string, unknown][] = [
      ['web-source', attribution[this.language]],
      ['web-licence', licence],
      ['web-kind', this.#say(`web-kind-${entry.kind}`)],
      ['web-reference-time', referenceTime === null ? '' : dayAndTime(this.language, referenceTime)],
      ['web-feature-count', featureCount === 0 ? '' : this.#say('web-count', { count: featureCount })],
      ['web-version', entry.version],
      ['web-command', run.command],
      ['web-engine', run.engineVersion],
    ];
    return html`
      <p class="credit">${this.#say('web-source')}: ${attribution[this.language]}</p>
      <details>
        <summary>${this.#say('web-provenance')}</summary>
        <dl>
          ${rows.flatMap(([id, value]) => (value === '' ? [] : [html`<div><dt>${this.#say(id)}</dt><dd>${value}</dd></div>`]))}
          ${run.inputs.map(
            (input) => html`<div>
              <dt>${this.#say('web-input')}</dt>
              <dd>${input.name}<br />${this.#say('web-bytes', { bytes: input.bytes })}<br /><code>sha256 ${input.sha256}</code></dd>
            </div>`,
          )}
        </dl>
      </details>
    `;
  }

  #change(detail: LayerChange): void {
    this.dispatchEvent(new CustomEvent<LayerChange>('layer-change', { detail, bubbles: true, composed: true }));
  }

  #say(id: string, values?: Record<string, string | number>): string {
    return say(this.language, id, values);
  }

  static override styles = [
    look,
    issueStyles,
    css`
      :host {
        display: block;
      }
      section > ul > li {
        border-bottom: 1px solid var(--line);
        padding: 0.25rem 1rem;
      }
      .switch {
        display: flex;
        align-items: center;
        gap: 0.75rem;
        min-height: 2.75rem;
        cursor: pointer;
      }
      input[type='checkbox'] {
        flex: none;
        width: 1.375rem;
        height: 1.375rem;
        margin: 0;
        accent-color: var(--key);
      }
      input[type='range'] {
        flex: 1;
        min-width: 0;
        height: 2rem;
        margin: 0;
        accent-color: var(--key);
      }
      h3 {
        padding: 0.75rem 1rem 0;
        color: var(--quiet);
        font-weight: 700;
        font-size: var(--text-s);
      }
      .places {
        display: flex;
        gap: 0.5rem;
        padding: 0.25rem 0 0.5rem;
      }
      .places button {
        display: flex;
        align-items: center;
        gap: 0.25rem;
        min-height: 2rem;
        padding: 0 0.625rem;
        font-size: var(--text-s);
      }
      .title {
        font-weight: 600;
        line-height: 1.4;
      }
      .body {
        padding: 0 0 0.75rem 2.125rem;
      }
      .opacity {
        display: flex;
        align-items: center;
        gap: 0.75rem;
        color: var(--quiet);
        font-size: var(--text-s);
      }
      output {
        min-width: 3.25rem;
        text-align: right;
        font-variant-numeric: tabular-nums;
      }
      .edition {
        padding-top: 0.25rem;
        color: var(--quiet);
        font-size: var(--text-xs);
        line-height: 1.5;
      }
      .legend {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr));
        gap: 0.125rem 0.75rem;
        padding: 0.25rem 0 0.5rem;
        font-size: var(--text-s);
      }
      .legend li {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        line-height: 1.4;
      }
      .legend [data-wide] {
        grid-column: 1 / -1;
      }
      .legend svg {
        flex: none;
      }
      .credit {
        color: var(--quiet);
        font-size: var(--text-xs);
        line-height: 1.5;
        overflow-wrap: anywhere;
      }
      summary {
        min-height: 1.75rem;
        width: fit-content;
        color: var(--key);
        font-size: var(--text-s);
        line-height: 1.75rem;
        cursor: pointer;
      }
      dl {
        border-left: 3px solid var(--line);
        padding-left: 0.75rem;
        font-size: var(--text-xs);
      }
      dl div {
        padding: 0.125rem 0;
      }
      dt {
        color: var(--quiet);
      }
      dd {
        overflow-wrap: anywhere;
      }
      .warning {
        margin: 0 0 0.5rem 2.125rem;
        border-left: 4px solid var(--alarm);
        padding: 0.25rem 0.5rem;
        background: var(--alarm-soft);
        font-size: var(--text-s);
      }
      .hint {
        margin: 0 0 0.25rem 2.125rem;
        border-left: 4px solid var(--key);
        padding: 0.125rem 0.5rem;
        background: var(--key-soft);
        font-size: var(--text-s);
      }
      .empty {
        padding: 1rem;
      }
      .skeleton {
        display: grid;
        gap: 1rem;
        padding: 1rem;
      }
      .skeleton i {
        height: 1.5rem;
        border-radius: var(--radius-m);
        background: linear-gradient(90deg, var(--line) 25%, var(--ground) 50%, var(--line) 75%) 0 0 / 200% 100%;
        animation: shimmer 1.6s linear infinite;
      }
      @keyframes shimmer {
        to {
          background-position: -200% 0;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .skeleton i {
          animation: none;
        }
      }
    `,
  ];
}
