/** `<jomo-list>` 一覧で見る: what is in view, as text, for keyboards and screen readers. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';

import { nameOf } from './attributes';
import type { Found, Group } from './inspection';
import { look } from './look';
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
    const total = this.groups.reduce((sum, { found }) => sum + found.length, 0);
    return html`
      <p class="total" role="status">${say(this.language, 'web-list-total', { count: total })}</p>
      ${this.groups.map((group) => this.#group(group))}
    `;
  }

  #group({ layer, found }: Group): TemplateResult {
    return html`<section data-layer=${layer.entry.id}>
      <h3>${layer.entry.title[this.language]} <span>${say(this.language, 'web-count', { count: found.length })}</span></h3>
      <ul>
        ${found.slice(0, LONGEST).map(
          (one) => html`<li>
            <button type="button" @click=${() => this.#choose(one)}>
              ${nameOf(layer.description, one.feature, this.language)}
            </button>
          </li>`,
        )}
      </ul>
      ${LONGEST < found.length ? html`<p class="rest">${say(this.language, 'web-list-rest', { count: found.length - LONGEST })}</p>` : nothing}
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
        font-size: 0.8125rem;
      }
      h3 {
        padding: 0.75rem 0 0.25rem;
        font-size: 0.9375rem;
      }
      h3 span {
        color: var(--quiet);
        font-weight: 400;
        font-size: 0.8125rem;
      }
      li {
        border-bottom: 1px solid var(--line);
      }
      button {
        width: 100%;
        border: 0;
        border-radius: 4px;
        padding: 0.5rem;
        text-align: left;
        line-height: 1.4;
      }
    `,
  ];
}
