/** What the page does when somebody signs in or out: asked for by `<jomo-map>`, loaded when needed. */

import type { ReactiveController, ReactiveControllerHost } from 'lit';

import { Account, holds, type Person } from './account';
import type { JomoAccount } from './jomo-account';
import type { JomoSignIn } from './jomo-sign-in';
import type { Language } from './words';

export interface StaffHost extends ReactiveControllerHost {
  readonly language: Language;
  readonly renderRoot: ParentNode;
  /** Another person is here, or nobody: drop what belonged to the one before, and ask anew. */
  changePerson(): void;
}

/** Messages that the page shows about the person's session. */
export type StaffNotice = 'web-session-expired' | 'web-session-elsewhere' | 'web-sign-out-failed' | 'web-problem-offline';

export class Staff implements ReactiveController {
  readonly account = new Account();
  notice: StaffNotice | null = null;
  /** Told to screen readers: who has come or gone. */
  told: { readonly id: 'web-signed-in-told' | 'web-signed-out-told'; readonly name: string } | null = null;
  /** Whether the panel of jobs has been opened, and its code is here. */
  hasJobs = false;

  readonly #host: StaffHost;
  /** Login and grants of the person whom the page knows; empty for nobody. */
  #known = '';
  #isKnown = false;

  constructor(host: StaffHost) {
    this.#host = host;
    host.addController(this);
    this.account.addEventListener('change', () => this.#onChange());
  }

  get person(): Person | null {
    return this.account.person;
  }

  get isEditor(): boolean {
    return holds(this.person, 'editor');
  }

  hostConnected(): void {
    addEventListener('pageshow', this.#onShow);
    void this.account.refresh();
  }

  hostDisconnected(): void {
    removeEventListener('pageshow', this.#onShow);
    this.account.close();
  }

  async openSignIn(): Promise<void> {
    try {
      const { JomoSignIn: element } = await import('./jomo-sign-in');
      if (customElements.get('jomo-sign-in') === undefined) customElements.define('jomo-sign-in', element);
    } catch {
      this.#tell('web-problem-offline');
      return;
    }
    this.#tell(null);
    await this.#host.renderRoot.querySelector<JomoSignIn>('jomo-sign-in')?.open();
  }

  async openJobs(): Promise<void> {
    try {
      const { JomoJobs: element } = await import('./jomo-jobs');
      if (customElements.get('jomo-jobs') === undefined) customElements.define('jomo-jobs', element);
      this.hasJobs = true;
      this.#host.requestUpdate();
    } catch {
      this.#tell('web-problem-offline');
    }
  }

  async signOut(): Promise<void> {
    const problem = await this.account.signOut(this.#host.language);
    this.#tell(problem === null ? null : 'web-sign-out-failed');
    await this.#takeFocus();
  }

  dismiss(): void {
    this.#tell(null);
  }

  /** The server says that nobody is signed in any more. */
  readonly onSignedOut = (): void => void this.account.refresh();

  /** The dialogue has closed: the focus goes to where it came from, whatever stands there now. */
  readonly onDialogueClosed = (): void => void this.#takeFocus();

  async #takeFocus(): Promise<void> {
    await this.#host.updateComplete;
    await this.#host.renderRoot.querySelector<JomoAccount>('jomo-account')?.takeFocus();
  }

  #onChange(): void {
    const { person, ended } = this.account;
    const known = person === null ? '' : JSON.stringify([person.login, person.grants]);
    const isFirst = !this.#isKnown;
    this.#isKnown = true;
    if (known !== this.#known) {
      this.#known = known;
      this.hasJobs = false;
      this.notice = ended === null ? null : `web-session-${ended}`;
      // The first answer of the server tells who has been there all along: nothing is to be dropped.
      if (!isFirst) {
        this.told = person === null ? { id: 'web-signed-out-told', name: '' } : { id: 'web-signed-in-told', name: person.name ?? person.login };
        this.#host.changePerson();
      }
    }
    this.#host.requestUpdate();
  }

  #tell(notice: StaffNotice | null): void {
    this.notice = notice;
    this.#host.requestUpdate();
  }

  /** A page that comes back from the browser's memory may show somebody who has gone. */
  readonly #onShow = (event: PageTransitionEvent): void => {
    if (event.persisted) void this.account.refresh('elsewhere');
  };
}
