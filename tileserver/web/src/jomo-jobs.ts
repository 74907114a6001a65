/** `<jomo-jobs>` 処理: the jobs of the person signed in, each with how far it is, and a way to begin one. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

import { Problem, Refused } from './answers';
import { Desk } from './desk';
import { JomoImport } from './jomo-import';
import { commandOf, fileOf, isOver, layerOf, remaining, shareOf, type Job } from './jobs';
import { look } from './look';
import { timeOfDay } from './time';
import { say, type Language } from './words';

if (customElements.get('jomo-import') === undefined) customElements.define('jomo-import', JomoImport);

/** Stages whose names the page has words for; others are told as work in general. */
const STAGES: ReadonlySet<string> = new Set(['read', 'ingest', 'rain', 'tiles', 'publish']);
const COMMANDS: ReadonlySet<string> = new Set(['import', 'flood rain']);

export class JomoJobs extends LitElement {
  static override properties = {
    language: { attribute: false },
    asking: { state: true },
    trouble: { state: true },
    told: { state: true },
    now: { state: true },
  };

  readonly desk = new Desk();

  declare language: Language;
  /** The job whose cancelling waits for a word of confirmation. */
  declare asking: string | null;
  declare trouble: string | null;
  /** What a screen reader is told: changes of state only, not every step. */
  declare told: string;
  declare now: number;

  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.language = 'ja';
    this.asking = null;
    this.trouble = null;
    this.told = '';
    this.now = Date.now();
    this.desk.addEventListener('change', () => this.requestUpdate());
    this.desk.addEventListener('finished', (event) => this.#onFinished((event as CustomEvent<Job>).detail));
    this.desk.addEventListener('signed-out', () => this.dispatchEvent(new Event('signed-out', { bubbles: true, composed: true })));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.desk.open();
    this.#timer = setInterval(() => (this.now = Date.now()), 1_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.desk.close();
  }

  override render(): TemplateResult {
    const { jobs, isConnected } = this.desk;
    return html`
      <div class="head">
        <h2>${this.#say('web-jobs')}</h2>
        <button type="button" class="main" data-action="import" aria-haspopup="dialog" @click=${() => this.renderRoot.querySelector<JomoImport>('jomo-import')?.open()}>
          ${this.#say('web-import')}
        </button>
      </div>
      <div role="status">${isConnected ? nothing : html`<p class="down" data-down>${this.#say('web-jobs-down')}</p>`}</div>
      ${this.trouble === null ? nothing : html`<p class="fault" role="alert">${this.trouble}</p>`}
      <p class="unseen" role="status">${this.told}</p>
      ${jobs === null ? html`<p class="empty">${this.#say('web-loading')}</p>` : nothing}
      ${jobs?.length === 0 ? html`<p class="empty">${this.#say('web-jobs-none')}</p>` : nothing}
      <ul>
        ${repeat(jobs ?? [], ({ id }) => id, (job) => html`<li data-job=${job.id} data-state=${job.state}>${this.#card(job)}</li>`)}
      </ul>
      <jomo-import .desk=${this.desk} .language=${this.language}></jomo-import>
    `;
  }

  #card(job: Job): TemplateResult {
    return html`
      <p class="line">
        <span class="state" data-state=${job.state}>${this.#say(`web-job-${job.isCancelling && !isOver(job) ? 'cancelling' : job.state}`)}</span>
        <strong id=${`job-${job.id}`}>${this.#name(job)}</strong>
      </p>
      <p class="quiet">${this.#facts(job)}</p>
      ${isOver(job) ? nothing : this.#progress(job)} ${this.#fault(job)} ${this.#actions(job)}
    `;
  }

  #name(job: Job): string {
    const command = commandOf(job);
    const title = COMMANDS.has(command) ? this.#say(`web-command-${command.replace(' ', '-')}`) : command;
    const layer = layerOf(job);
    return layer === null ? title : `${title}: ${layer}`;
  }

  #facts(job: Job): string {
    const [file, ended] = [fileOf(job), job.finished];
    const facts = [
      file ?? '',
      say(this.language, 'web-job-created', { time: timeOfDay(this.language, job.created, this.now) }),
      ended === null ? '' : say(this.language, 'web-job-ended', { time: timeOfDay(this.language, ended, this.now) }),
      1 < job.attempts ? say(this.language, 'web-job-attempts', { count: job.attempts }) : '',
    ];
    return facts.filter((fact) => fact !== '').join(' · ');
  }

  #progress(job: Job): TemplateResult | typeof nothing {
    const { progress } = job;
    // Nothing moves while a job waits: a bar would say otherwise.
    if (job.state === 'queued') return nothing;
    const share = shareOf(job);
    const stage = progress === null ? '' : this.#say(STAGES.has(progress.stage) ? `web-stage-${progress.stage}` : 'web-stage-other');
    const count = progress?.total == null ? '' : ` ${progress.done} / ${progress.total}`;
    const rest = remaining(progress, this.desk.milestones.get(job.id), this.now);
    return html`<div class="progress">
      <progress max="1" value=${share ?? nothing} aria-labelledby=${`job-${job.id}`}></progress>
      <p class="quiet">
        <span data-stage>${stage}${count}</span>
        ${rest === null ? nothing : html`<span>${say(this.language, 'web-job-remaining', { minutes: Math.max(1, Math.ceil(rest / 60_000)) })}</span>`}
      </p>
    </div>`;
  }

  #fault({ state, fault }: Job): TemplateResult | typeof nothing {
    if (state !== 'failed') return nothing;
    const { title, detail, hint } = fault ?? { title: '', detail: this.#say('web-job-failed-text'), hint: '' };
    return html`<div class="fault">
      ${title === '' ? nothing : html`<p><strong>${title}</strong></p>`}
      ${detail === '' ? nothing : html`<p>${detail}</p>`} ${hint === '' ? nothing : html`<p class="hint">${hint}</p>`}
    </div>`;
  }

  #actions(job: Job): TemplateResult | typeof nothing {
    const layer = layerOf(job);
    if (job.state === 'done' && layer !== null) {
      return html`<button type="button" data-action="show" @click=${() => this.#show(layer)}>${this.#say('web-job-show')}</button>`;
    }
    if (isOver(job) || job.isCancelling) return nothing;
    if (this.asking !== job.id) {
      return html`<button type="button" data-action="cancel" @click=${() => void this.#ask(job.id)}>${this.#say('web-job-cancel')}</button>`;
    }
    return html`<div class="asking" role="group" aria-label=${this.#say('web-job-cancel')}>
      <p>${this.#say('web-job-cancel-text')}</p>
      <button type="button" class="main" data-action="confirm" @click=${() => void this.#cancel(job)}>${this.#say('web-job-cancel-yes')}</button>
      <button type="button" data-action="keep" @click=${() => (this.asking = null)}>${this.#say('web-job-keep')}</button>
    </div>`;
  }

  async #ask(id: string): Promise<void> {
    this.asking = id;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[data-action=keep]')?.focus();
  }

  async #cancel({ id }: Job): Promise<void> {
    this.asking = null;
    this.trouble = null;
    try {
      await this.desk.cancel(id, this.language);
    } catch (error) {
      if (error instanceof Refused && error.refusal.title !== '') this.trouble = `${error.refusal.title} ${error.refusal.detail}`;
      else this.trouble = this.#say(`web-problem-${error instanceof Problem ? error.reason : 'server'}`);
    }
  }

  #show(layer: string): void {
    this.dispatchEvent(new CustomEvent<string>('layer-show', { detail: layer, bubbles: true, composed: true }));
  }

  #onFinished(job: Job): void {
    this.told = `${this.#name(job)} ${this.#say(`web-job-${job.state}`)}`;
    this.dispatchEvent(new CustomEvent<Job>('job-finished', { detail: job, bubbles: true, composed: true }));
  }

  #say(id: string): string {
    return say(this.language, id);
  }

  static override styles = [
    look,
    css`
      :host {
        display: block;
        padding: 0.75rem 1rem 1rem;
      }
      :host([hidden]) {
        display: none;
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 0.75rem;
        padding-bottom: 0.5rem;
      }
      h2 {
        font-size: var(--text-l);
      }
      li {
        display: grid;
        gap: 0.375rem;
        border-top: 1px solid var(--line);
        padding: 0.75rem 0;
      }
      li > button {
        justify-self: start;
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0.125rem 0.5rem;
        overflow-wrap: anywhere;
      }
      .state {
        border: 1px solid var(--edge);
        border-radius: var(--radius-s);
        padding: 0 0.375rem;
        font-size: var(--text-s);
        line-height: 1.5;
      }
      .state[data-state='running'] {
        border-color: var(--key);
        background: var(--key-soft);
        color: var(--key);
      }
      .state[data-state='done'] {
        border-color: var(--good);
        background: var(--good-soft);
        color: var(--good);
      }
      .state[data-state='failed'] {
        border-color: var(--alarm);
        background: var(--alarm-soft);
        color: var(--alarm);
      }
      .quiet {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 0.75rem;
        color: var(--quiet);
        font-size: var(--text-s);
        line-height: var(--leading-tight);
        overflow-wrap: anywhere;
      }
      progress {
        width: 100%;
        height: 0.75rem;
        accent-color: var(--key);
      }
      .fault,
      .down {
        border-left: 6px solid var(--alarm);
        border-radius: var(--radius-m);
        padding: 0.375rem 0.75rem;
        background: var(--alarm-soft);
        font-size: var(--text-s);
        overflow-wrap: anywhere;
      }
      .down {
        border-color: var(--warn);
        background: var(--warn-soft);
      }
      .asking {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        border: 1px solid var(--edge);
        border-radius: var(--radius-m);
        padding: 0.75rem;
      }
      .asking p {
        flex: 1 0 100%;
        font-size: var(--text-s);
      }
      .empty {
        padding: 0.75rem 0;
        color: var(--quiet);
      }
    `,
  ];
}
