/** `<jomo-details>`: the attributes of the features at a place. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';

import { attributesOf, nameField, nameOf, type Attribute } from './attributes';
import type { Found } from './inspection';
import { issue, issueStyles } from './issue';
import { look } from './look';
import { restrictedMark } from './restricted';
import { seriesAddress } from './series';
import { icon, swatch } from './swatch';
import { dayAndTime } from './time';
import { say, type Language } from './words';

/** Attributes below each other; what has a class stands first, above the chart. */
function rows(attributes: readonly Attribute[]): TemplateResult | typeof nothing {
  if (attributes.length === 0) return nothing;
  return html`<dl>
    ${attributes.map(
      ({ title, value, color }) => html`<div>
        <dt>${title}</dt>
        <dd>${color === null ? '' : swatch({ color, symbol: 'fill' })}<span>${value}</span></dd>
      </div>`,
    )}
  </dl>`;
}

export class JomoDetails extends LitElement {
  static override properties = { found: { attribute: false }, language: { attribute: false }, now: { attribute: false } };

  declare found: readonly Found[];
  declare language: Language;
  /** Wall-clock time that ages are counted to. */
  declare now: number;

  constructor() {
    super();
    this.found = [];
    this.language = 'ja';
    this.now = Date.now();
  }

  /** Moves the focus here, for readers who came by keyboard. */
  async takeFocus(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector('h2')?.focus();
  }

  override render(): TemplateResult {
    const close = say(this.language, 'web-close');
    return html`<section aria-label=${say(this.language, 'web-details')}>
      <header>
        <h2 tabindex="-1">${say(this.language, 'web-details-count', { count: this.found.length })}</h2>
        <button type="button" data-action="close" aria-label=${close} title=${close} @click=${() => this.#close()}>${icon('close')}</button>
      </header>
      <div class="scroll" tabindex="0" role="group" aria-label=${say(this.language, 'web-details')}>
        ${this.found.length === 0 ? html`<p>${say(this.language, 'web-details-none')}</p>` : this.found.map((found) => this.#card(found))}
      </div>
    </section>`;
  }

  #card({ layer, feature, time }: Found): TemplateResult {
    const name = nameOf(layer.description, feature, this.language);
    // The heading is not told again below it.
    const { description } = layer;
    const heading = nameField(description);
    const fields = description.fields.filter((field) => field !== heading);
    const attributes = attributesOf({ ...description, fields }, feature.properties, this.language);
    return html`<article data-layer=${layer.entry.id} data-feature=${String(feature.id ?? '')}>
      <p class="layer">${layer.entry.title[this.language]} ${restrictedMark(layer.entry, this.language)}</p>
      <h3>${name}</h3>
      ${time === null ? nothing : html`<p class="time">${say(this.language, 'web-valid-time')} <time datetime=${new Date(time).toISOString()}>${dayAndTime(this.language, time)}</time></p>`}
      ${issue(layer, this.language, this.now)}
      ${rows(attributes.filter(({ color }) => color !== null))}${this.#series(layer, feature.id)}${rows(attributes.filter(({ color }) => color === null))}
    </article>`;
  }

  #series({ description: { series } }: Found['layer'], number: unknown): TemplateResult | typeof nothing {
    const id = series?.ids.get(String(number));
    if (series == null || id === undefined) return nothing;
    return html`<jomo-series .address=${seriesAddress(series.address, id)} .language=${this.language}></jomo-series>`;
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent('details-close', { bubbles: true, composed: true }));
  }

  static override styles = [
    look,
    issueStyles,
    css`
      :host {
        display: block;
        min-height: 0;
        border-radius: var(--radius-l);
        background: var(--paper);
        box-shadow: var(--shadow);
        overflow: hidden;
      }
      section {
        display: flex;
        flex-direction: column;
        max-height: inherit;
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        border-bottom: 1px solid var(--line);
        padding: 0.25rem 0.25rem 0.25rem 1rem;
      }
      header button {
        display: grid;
        place-items: center;
        border: 0;
        padding: 0;
      }
      h2 {
        font-size: var(--text-m);
      }
      h2:focus-visible {
        outline-offset: -1px;
        box-shadow: none;
      }
      .scroll {
        overflow-y: auto;
        padding: 0 1rem;
      }
      .scroll:focus-visible {
        outline-offset: -3px;
      }
      .scroll > p {
        padding: 0.75rem 0;
      }
      article {
        padding: 0.75rem 0;
      }
      article + article {
        border-top: 1px solid var(--line);
      }
      .layer {
        color: var(--quiet);
        font-size: var(--text-xs);
        line-height: 1.4;
      }
      .time {
        font-size: var(--text-s);
        line-height: 1.5;
      }
      h3 {
        font-size: var(--text-l);
        line-height: 1.4;
        overflow-wrap: anywhere;
      }
      dl {
        padding-top: 0.25rem;
        font-size: var(--text-s);
      }
      dl div {
        display: grid;
        grid-template-columns: minmax(6rem, 1fr) 1fr;
        gap: 0.75rem;
        border-top: 1px dotted var(--line);
        padding: 0.1875rem 0;
      }
      dt {
        color: var(--quiet);
      }
      dd {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        overflow-wrap: anywhere;
      }
      dd svg {
        flex: none;
      }
    `,
  ];
}
