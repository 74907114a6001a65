/** `<jomo-account>`: the door to signing in, and who is signed in. Empty where nobody can. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';

import type { Person, Session } from './account';
import { look } from './look';
import { say, type Language } from './words';

export class JomoAccount extends LitElement {
  static override properties = { session: { attribute: false }, language: { attribute: false } };

  declare session: Session | null;
  declare language: Language;

  constructor() {
    super();
    this.session = null;
    this.language = 'ja';
  }

  /** Moves the focus here, e.g. after a dialogue has closed. */
  async takeFocus(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector('button')?.focus();
  }

  override render(): TemplateResult | typeof nothing {
    if (this.session === null || !this.session.isEnabled) return nothing;
    const { person } = this.session;
    if (person !== null) return this.#card(person);
    return html`<button type="button" class="open" data-action="sign-in" aria-haspopup="dialog" @click=${() => this.#wish('sign-in-wish')}>
      ${this.#say('web-sign-in')}
    </button>`;
  }

  #card(person: Person): TemplateResult {
    const name = person.name ?? person.login;
    return html`
      <button type="button" class="open" data-action="account" popovertarget="card">
        <span class="unseen">${this.#say('web-signed-in')} </span>${this.#mark(person)}<span class="name">${name}</span>
      </button>
      <div id="card" popover role="group" aria-label=${this.#say('web-signed-in')}>
        <p class="who">${this.#mark(person)}<strong>${name}</strong></p>
        ${person.name === null ? nothing : html`<p class="login">${this.#say('web-login')}: ${person.login}</p>`}
        <ul aria-label=${this.#say('web-grants')}>
          ${person.grants.map(
            ({ role, organisation, title, kind }) => html`<li>
              <span class="role">${this.#say(`web-role-${role}`)}</span>
              <span>${this.#say(`web-office-${kind}`)} ${title?.[this.language] ?? html`<code>${organisation}</code>`}</span>
            </li>`,
          )}
        </ul>
        <button type="button" data-action="sign-out" @click=${() => this.#wish('sign-out-wish')}>${this.#say('web-sign-out')}</button>
      </div>
    `;
  }

  #mark({ isFictional }: Person): TemplateResult | typeof nothing {
    return isFictional ? html`<span class="fictional">${this.#say('web-frame-fictional')}</span>` : nothing;
  }

  #wish(type: 'sign-in-wish' | 'sign-out-wish'): void {
    this.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
  }

  #say(id: string): string {
    return say(this.language, id);
  }

  static override styles = [
    look,
    css`
      :host {
        display: block;
        min-width: 0;
      }
      .open {
        display: flex;
        align-items: center;
        gap: 0.375rem;
        max-width: min(100%, 14rem);
        font-size: var(--text-s);
        white-space: nowrap;
      }
      .name {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .fictional {
        flex: none;
        border-radius: var(--radius-s);
        padding: 0 0.3125rem;
        background: var(--fictional);
        color: var(--on-frame);
        font-size: var(--text-s);
        line-height: 1.5;
      }
      #card {
        position: fixed;
        inset: 3.5rem 0.5rem auto auto;
        width: min(20rem, calc(100vw - 1rem));
        margin: 0;
        border: 1px solid var(--line);
        border-radius: var(--radius-l);
        padding: 1rem;
        background: var(--paper);
        color: var(--ink);
        box-shadow: var(--shadow);
      }
      .who {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        font-size: var(--text-l);
        overflow-wrap: anywhere;
      }
      .login {
        color: var(--quiet);
        font-size: var(--text-s);
      }
      ul {
        margin: 0.5rem 0 1rem;
        font-size: var(--text-s);
      }
      li {
        display: flex;
        flex-wrap: wrap;
        gap: 0 0.75rem;
        border-top: 1px solid var(--line);
        padding: 0.375rem 0;
        overflow-wrap: anywhere;
      }
      .role {
        font-weight: 700;
      }
      #card > button {
        width: 100%;
      }
      @media (max-width: 30rem) {
        .open {
          padding: 0 0.5rem;
        }
        /* The card says it, and the frame of the map. */
        .open .fictional {
          display: none;
        }
      }
    `,
  ];
}
