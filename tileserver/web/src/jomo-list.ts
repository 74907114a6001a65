/** `<jomo-list>` 一覧で見る: what is in view, as text, for keyboards and screen readers. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';

import type { Found, Group } from './inspection';
import { look } from './look';
import { restrictedMark } from './restricted';
import { say, type Language } from './words';

/** Names listed of one layer; whoever looks for more zooms in. */
const LONGEST = 100;

export class JomoList extends LitElement {
  static override properties = { groups: { attribute: false }, language: { attribute: false } };

  declare groups: readonly Group[];
  declare language: Language;

  constructor() {
    super();
    this.groups = [];
    this.language = 'ja';
  }

  override render(): TemplateResult {
    const total = this.groups.reduce((sum, { count }) => sum + count, 0);
    return html`
      <p class="total" role="status">${say(this.language, 'web-list-total', { count: total })}</p>
      ${this.groups.map((group) => this.#group(group))}
    `;
  }

  #group({ layer, count, items }: Group): TemplateResult {
    const rest = items.length - LONGEST;
    return html`<section data-layer=${layer.entry.id}>
      <h3>
        ${layer.entry.title[this.language]} <span>${say(this.language, 'web-count', { count })}</span> ${restrictedMark(layer.entry, this.language)}
      </h3>
      <ul>
        ${items.slice(0, LONGEST).map(
          ({ name, found, count: same }) => html`<li>
            <button type="button" @click=${() => this.#choose(found)}>
              <span class="name">${name}</span>${same === 1 ? nothing : html` <span class="same">${say(this.language, 'web-count', { count: same })}</span>`}
            </button>
          </li>`,
        )}
      </ul>
      ${0 < rest ? html`<p class="rest">${say(this.language, 'web-list-rest', { count: rest })}</p>` : nothing}
    </section>`;
  }

  #choose(detail: Found): void {
    this.dispatchEvent(new CustomEvent<Found>('feature-choose', { detail, bubbles: true, composed: true }));
  }

  static override styles = [
    look,
    css`
      :host {
        display: block;
        padding: 0.5rem 1rem 1rem;
      }
      .total,
      .rest {
        color: var(--quiet);
        font-size: var(--text-s);
      }
      h3 {
        padding: 0.75rem 0 0.25rem;
        font-size: var(--text-m);
      }
      h3 span:not(.restricted),
      .same {
        color: var(--quiet);
        font-weight: 400;
        font-size: var(--text-s);
      }
      li {
        border-bottom: 1px solid var(--line);
      }
      button {
        width: 100%;
        border: 0;
        border-radius: var(--radius-s);
        padding: 0.5rem;
        text-align: left;
        line-height: 1.4;
      }
    `,
  ];
}
