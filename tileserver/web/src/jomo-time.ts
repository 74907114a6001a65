/** `<jomo-time>`: the time slider. It names 初期時刻, 対象時刻 and the distance between them. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';

import { look } from './look';
import { icon, type Icon } from './swatch';
import { clockTime, compact, dayAndTime, leadTime } from './time';
import { say, type Language } from './words';

/** How long each step stays on screen while playing. */
const STEP_MS = 1_200;
/** More labels than this run into each other on a phone. */
const MOST_TICKS = 7;
const HOUR_MS = 3_600_000;

export class JomoTime extends LitElement {
  static override properties = {
    steps: { attribute: false },
    time: { attribute: false },
    shownTime: { attribute: false },
    referenceTime: { attribute: false },
    language: { attribute: false },
    playing: { state: true },
  };

  /** The stops, ascending, in milliseconds. */
  declare steps: readonly number[];
  /** The stop that is asked for. */
  declare time: number;
  /** The stop that is on the map; it lags behind while tiles are loading. */
  declare shownTime: number | null;
  declare referenceTime: number | null;
  declare language: Language;
  declare playing: boolean;

  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.steps = [];
    this.time = 0;
    this.shownTime = null;
    this.referenceTime = null;
    this.language = 'ja';
    this.playing = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  override render(): TemplateResult {
    const index = this.steps.indexOf(this.time);
    const last = this.steps.length - 1;
    const pending = this.shownTime !== this.time;
    return html`
      <section aria-label=${this.#say('web-time')}>
        <p class="now" data-shown=${this.shownTime === null ? '' : compact(this.shownTime)} ?data-pending=${pending}>
          <span class="caption">${this.#say('web-valid-time')}</span>
          <strong>${dayAndTime(this.language, this.shownTime ?? this.time)}</strong>
          ${this.referenceTime === null
            ? nothing
            : html`<span class="lead">${leadTime(this.language, this.referenceTime, this.shownTime ?? this.time)}</span>`}
        </p>
        <div class="buttons">
          ${this.#button({ name: 'back', enabled: 0 < index, act: () => this.#go(index - 1) })}
          ${this.#button({ name: this.playing ? 'pause' : 'play', enabled: 0 < last, act: () => this.#toggle() })}
          ${this.#button({ name: 'forward', enabled: index < last, act: () => this.#go(index + 1) })}
        </div>
        <div class="track">
          <input
            type="range"
            min="0"
            max=${last}
            .value=${String(index)}
            aria-label=${this.#say('web-valid-time')}
            aria-valuetext=${dayAndTime(this.language, this.time)}
            @input=${(event: Event) => this.#go(Number((event.target as HTMLInputElement).value))}
          />
          ${this.#ticks()}
        </div>
        <p class="reference">
          ${pending ? this.#say('web-loading') : this.#issued()}
        </p>
      </section>
    `;
  }

  /** Plays on once the step asked for is on the map, so that no step is skipped. */
  override updated(): void {
    if (!this.playing || this.#timer !== undefined || this.shownTime !== this.time) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const index = this.steps.indexOf(this.time);
      this.#ask(this.steps[(index + 1) % this.steps.length]);
    }, STEP_MS);
  }

  #toggle(): void {
    if (this.playing) this.#stop();
    else this.playing = true;
  }

  #go(index: number): void {
    this.#stop();
    this.#ask(this.steps[index]);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.playing = false;
  }

  #ask(detail: number | undefined): void {
    if (detail === undefined) return;
    this.dispatchEvent(new CustomEvent<number>('time-change', { detail, bubbles: true, composed: true }));
  }

  #issued(): string {
    if (this.referenceTime === null) return '';
    return `${this.#say('web-reference-time')} ${dayAndTime(this.language, this.referenceTime)}`;
  }

  /** A label for each stop, or for those at full hours where all would be too many. Set as a property: the page refuses style attributes. */
  #ticks(): TemplateResult | typeof nothing {
    const last = this.steps.length - 1;
    const stops = this.steps.map((step, index) => ({ step, place: last === 0 ? 0 : index / last }));
    const hours = stops.filter(({ step }) => step % HOUR_MS === 0);
    const labelled = stops.length <= MOST_TICKS ? stops : hours;
    if (MOST_TICKS < labelled.length) return nothing;
    return html`<div class="ticks" aria-hidden="true">
      ${labelled.map(
        ({ step, place }) =>
          html`<span .style=${`left: calc(0.5rem + ${place} * (100% - 1rem))`} ?data-at=${step === this.time}>${clockTime(step)}</span>`,
      )}
    </div>`;
  }

  #button({ name, enabled, act }: { name: Icon; enabled: boolean; act: () => void }): TemplateResult {
    const label = this.#say(`web-time-${name}`);
    return html`<button type="button" data-action=${name} aria-label=${label} title=${label} ?disabled=${!enabled} @click=${act}>
      ${icon(name)}
    </button>`;
  }

  #say(id: string): string {
    return say(this.language, id);
  }

  static override styles = [
    look,
    css`
      :host {
        display: block;
        border-radius: var(--radius-l);
        padding: 0.625rem 0.875rem 0.5rem;
        background: var(--paper);
        box-shadow: var(--shadow);
      }
      section {
        display: grid;
        grid-template: 'now now reference' auto 'buttons track track' auto / auto minmax(0, 1fr) auto;
        gap: 0.25rem 0.875rem;
        align-items: center;
      }
      .now {
        grid-area: now;
        display: flex;
        align-items: baseline;
        gap: 0.625rem;
        line-height: 1.5;
        white-space: nowrap;
      }
      .caption,
      .reference {
        color: var(--quiet);
        font-size: var(--text-xs);
      }
      strong {
        font-size: var(--text-l);
        font-variant-numeric: tabular-nums;
      }
      .lead {
        border-radius: var(--radius-s);
        padding: 0 0.5rem;
        background: var(--key-soft);
        color: var(--key);
        font-weight: 600;
        font-size: var(--text-s);
      }
      .reference {
        grid-area: reference;
        text-align: right;
      }
      .buttons {
        grid-area: buttons;
        display: flex;
        gap: 0.375rem;
      }
      .buttons button {
        display: grid;
        place-items: center;
        padding: 0;
      }
      button[data-action='play'],
      button[data-action='pause'] {
        border-color: var(--key);
        background: var(--key);
        color: var(--on-key);
      }
      button[data-action='play']:hover:enabled,
      button[data-action='pause']:hover:enabled {
        background: var(--key-strong);
      }
      .track {
        grid-area: track;
        padding: 0 0.5rem;
      }
      input {
        display: block;
        width: 100%;
        height: 1.75rem;
        margin: 0;
        accent-color: var(--key);
        cursor: pointer;
      }
      .ticks {
        position: relative;
        height: 1.2em;
        color: var(--quiet);
        font-size: var(--text-xs);
        line-height: 1.2;
        font-variant-numeric: tabular-nums;
      }
      .ticks span {
        position: absolute;
        transform: translateX(-50%);
      }
      .ticks [data-at] {
        color: var(--key);
        font-weight: 700;
      }
      @media (max-width: 47.99rem) {
        :host([compact]) :is(.buttons, .reference) {
          display: none;
        }
        section {
          grid-template: 'now now' auto 'track track' auto 'buttons reference' auto / auto minmax(0, 1fr);
        }
        .now {
          flex-wrap: wrap;
          gap: 0 0.375rem;
          font-size: var(--text-s);
        }
        strong {
          font-size: var(--text-m);
        }
        .reference {
          font-size: var(--text-xs);
          line-height: 1.4;
          text-align: left;
        }
      }
    `,
  ];
}
