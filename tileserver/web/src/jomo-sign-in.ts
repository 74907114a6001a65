/** `<jomo-sign-in>`: the dialogue for name and password. Its form has names that password managers know. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';

import type { Account, SignInFault } from './account';
import { dialogueHead, dialogueLook, faultLine } from './dialogue';
import { look } from './look';
import { icon } from './swatch';
import { say, type Language } from './words';

type Field = 'login' | 'password';

export class JomoSignIn extends LitElement {
  static override properties = {
    account: { attribute: false },
    language: { attribute: false },
    fault: { state: true },
    missing: { state: true },
    isShown: { state: true },
    hasCapsLock: { state: true },
    isBusy: { state: true },
    now: { state: true },
  };

  declare account: Account;
  declare language: Language;
  declare fault: SignInFault | null;
  /** Fields that were left empty. */
  declare missing: readonly Field[];
  /** Whether the password stands readable. */
  declare isShown: boolean;
  declare hasCapsLock: boolean;
  declare isBusy: boolean;
  declare now: number;

  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.language = 'ja';
    this.fault = null;
    this.missing = [];
    this.isShown = false;
    this.hasCapsLock = false;
    this.isBusy = false;
    this.now = Date.now();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopCounting();
  }

  /** Opens the dialogue with empty fields. */
  async open(): Promise<void> {
    this.#clear();
    await this.updateComplete;
    const dialogue = this.#dialogue;
    if (dialogue === null || dialogue.open) return;
    dialogue.showModal();
    this.#input('login')?.focus();
  }

  override render(): TemplateResult {
    const close = { label: this.#say('web-close'), act: () => this.#dialogue?.close() };
    const wait = this.#wait;
    return html`<dialog aria-labelledby="title" @close=${() => this.#onClose()}>
      <form method="post" action="/login" novalidate @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        ${dialogueHead(this.#say('web-sign-in'), close, icon('close'))}
        <p class="support">${this.#say('web-sign-in-text')}</p>
        <p class="alarm" role="alert">${this.#told()}</p>
        ${this.#counted(wait)}
        <div class="field">
          <label for="login">${this.#say('web-login')}</label>
          <input
            id="login"
            name="login"
            type="text"
            autocomplete="username"
            autocapitalize="none"
            autocorrect="off"
            spellcheck="false"
            maxlength="64"
            required
            aria-invalid=${this.missing.includes('login')}
            aria-describedby=${this.missing.includes('login') ? 'login-fault' : nothing}
          />
          ${this.#missing('login')}
        </div>
        <div class="field">
          <label for="password">${this.#say('web-password')}</label>
          <input
            id="password"
            name="password"
            type=${this.isShown ? 'text' : 'password'}
            autocomplete="current-password"
            autocapitalize="none"
            spellcheck="false"
            maxlength="1024"
            required
            aria-invalid=${this.missing.includes('password')}
            aria-describedby=${this.missing.includes('password') ? 'password-fault caps' : 'caps'}
            @keydown=${this.#onKey}
            @keyup=${this.#onKey}
          />
          <p class="caps" id="caps" role="status">${this.hasCapsLock ? this.#say('web-caps-lock') : ''}</p>
          ${this.#missing('password')}
          <label class="choice">
            <input type="checkbox" data-action="show" .checked=${this.isShown} @change=${(event: Event) => (this.isShown = (event.target as HTMLInputElement).checked)} />
            ${this.#say('web-password-show')}
          </label>
        </div>
        <div class="actions">
          <button type="submit" class="main" ?disabled=${this.isBusy || 0 < wait}>
            ${this.#say(this.isBusy ? 'web-sign-in-busy' : 'web-sign-in')}
          </button>
        </div>
      </form>
    </dialog>`;
  }

  /** What stands against signing in. */
  #told(): string {
    const { fault } = this;
    if (fault === null) return '';
    if (fault.kind === 'problem') return this.#say(`web-problem-${fault.reason}`);
    if (fault.kind !== 'throttled') return this.#say(`web-sign-in-${fault.kind}`);
    return this.#say(0 < this.#wait ? 'web-sign-in-throttled' : 'web-sign-in-again');
  }

  /** Outside the alert: one that changes each second would be read out each second. */
  #counted(seconds: number): TemplateResult | typeof nothing {
    return 0 < seconds ? html`<p class="support" data-wait=${seconds}>${say(this.language, 'web-sign-in-wait', { seconds })}</p>` : nothing;
  }

  #missing(field: Field): TemplateResult | typeof nothing {
    return faultLine(`${field}-fault`, this.missing.includes(field) ? this.#say('web-field-missing') : null);
  }

  /** Seconds until the next try. */
  get #wait(): number {
    if (this.fault?.kind !== 'throttled') return 0;
    return Math.max(0, Math.ceil((this.fault.until - this.now) / 1_000));
  }

  get #dialogue(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  #input(field: Field): HTMLInputElement | null {
    return this.renderRoot.querySelector(`#${field}`);
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.isBusy || 0 < this.#wait) return;
    const [login, password] = [this.#input('login')?.value.trim() ?? '', this.#input('password')?.value ?? ''];
    this.missing = [...(login === '' ? ['login' as const] : []), ...(password === '' ? ['password' as const] : [])];
    const [first] = this.missing;
    if (first !== undefined) {
      this.#input(first)?.focus();
      return;
    }
    this.isBusy = true;
    this.fault = null;
    const fault = await this.account.signIn(login, password, this.language);
    this.isBusy = false;
    if (fault === null) {
      this.#dialogue?.close();
      return;
    }
    this.fault = fault;
    this.now = Date.now();
    if (fault.kind === 'throttled') this.#count();
    await this.updateComplete;
    this.#input('password')?.select();
  }

  #count(): void {
    this.#stopCounting();
    this.#timer = setInterval(() => {
      this.now = Date.now();
      if (this.#wait === 0) this.#stopCounting();
    }, 1_000);
  }

  #stopCounting(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** A password stays nowhere once the dialogue is closed. */
  #clear(): void {
    for (const field of ['login', 'password'] as const) {
      const input = this.#input(field);
      if (input !== null) input.value = '';
    }
    if (this.#wait === 0) this.fault = null;
    this.missing = [];
    this.isShown = false;
    this.hasCapsLock = false;
  }

  #onClose(): void {
    this.#clear();
    this.dispatchEvent(new Event('sign-in-close', { bubbles: true, composed: true }));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    this.hasCapsLock = event.getModifierState('CapsLock');
  };

  #say(id: string): string {
    return say(this.language, id);
  }

  static override styles = [
    look,
    dialogueLook,
    css`
      .caps {
        min-height: 0;
        color: var(--warn);
      }
    `,
  ];
}
