/** `<jomo-series>`: the level of a gauge as a small chart, with the same figures as a table. */

import { css, html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from 'lit';

import { ask } from './answers';
import { look } from './look';
import { chartOf, readSeries, SIZE, toldReadings, toldSteps, type Chart, type Reading, type Series, type Step } from './series';
import { clockTime, leadTime, shortTime } from './time';
import { say, type Language } from './words';

export class JomoSeries extends LitElement {
  static override properties = {
    address: { attribute: false },
    language: { attribute: false },
    series: { state: true },
    failed: { state: true },
  };

  declare address: string;
  declare language: Language;
  declare series: Series | null;
  declare failed: boolean;

  constructor() {
    super();
    this.address = '';
    this.language = 'ja';
    this.series = null;
    this.failed = false;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('address') && this.address !== '') void this.#load(this.address);
  }

  override render(): TemplateResult {
    const { series } = this;
    if (this.failed) return html`<p class="text" role="status">${this.#say('web-series-failed')}</p>`;
    if (series === null) return html`<p class="text" role="status">${this.#say('web-loading')}</p>`;
    return html`<figure>
      <figcaption>${this.#say('web-series')}</figcaption>
      ${this.#chart(series)}${this.#key(series)}
      <details>
        <summary>${this.#say('web-series-table')}</summary>
        ${this.#table(series)}
      </details>
    </figure>`;
  }

  async #load(address: string): Promise<void> {
    this.series = null;
    this.failed = false;
    try {
      const series = await ask(address, readSeries);
      if (address === this.address) this.series = series;
    } catch {
      if (address === this.address) this.failed = true;
    }
  }

  #chart(series: Series): TemplateResult {
    const chart = chartOf(series);
    const right = SIZE.width - SIZE.right;
    return html`<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label=${this.#summary(series)}>
      ${chart.levels.map(
        ({ y, level }) => svg`<line class="grid" x1=${SIZE.left} x2=${right} y1=${y} y2=${y} /><text x=${SIZE.left - 4} y=${y + 4} text-anchor="end">${level}</text>`,
      )}
      ${chart.times.map(({ x, time }) => svg`<text x=${x} y=${SIZE.height - 6} text-anchor="middle">${clockTime(time)}</text>`)}
      <path class="band" d=${chart.band} />
      <path class="middle" d=${chart.middle} />
      <line class="now" x1=${chart.now} x2=${chart.now} y1=${SIZE.top} y2=${SIZE.height - SIZE.bottom} />
      ${this.#threshold(chart.danger, 'danger')}${this.#threshold(chart.overflow, 'overflow')}${this.#observed(chart)}
    </svg>`;
  }

  #threshold(y: number | null, name: 'danger' | 'overflow'): TemplateResult | typeof nothing {
    if (y === null) return nothing;
    return svg`<line class="level" data-level=${name} x1=${SIZE.left} x2=${SIZE.width - SIZE.right} y1=${y} y2=${y} />
      <text class="level" x=${SIZE.left + 4} y=${name === 'danger' ? y + 12 : y - 3}>${this.#say(`web-series-${name}`)}</text>`;
  }

  #observed({ observed, unconfirmed }: Chart): TemplateResult {
    const line = observed.map(([x, y]) => `${x} ${y}`).join(' L');
    return svg`<path class="observed" d=${line === '' ? '' : `M${line}`} />${observed.map(([x, y]) => svg`<circle class="observed" cx=${x} cy=${y} r="1.8" />`)}${unconfirmed.map(([x, y]) => svg`<circle class="unconfirmed" cx=${x} cy=${y} r="2.6" />`)}`;
  }

  #key(series: Series): TemplateResult {
    const told = toldReadings(series);
    return html`<ul class="key">
      ${told.length === 0 ? html`<li>${this.#say('web-series-unobserved')}</li>` : nothing}
      ${told.every(({ isConfirmed }) => !isConfirmed)
        ? nothing
        : html`<li><svg width="22" height="12" aria-hidden="true"><line class="observed" x1="1" x2="21" y1="6" y2="6" /><circle class="observed" cx="11" cy="6" r="2.5" /></svg>${this.#say('web-series-observed')}</li>`}
      ${told.every(({ isConfirmed }) => isConfirmed)
        ? nothing
        : html`<li data-unconfirmed><svg width="12" height="12" aria-hidden="true"><circle class="unconfirmed" cx="6" cy="6" r="3" /></svg>${this.#say('web-series-unconfirmed')}</li>`}
      <li><svg width="22" height="12" aria-hidden="true"><line class="middle" x1="1" x2="21" y1="6" y2="6" /></svg>${this.#say('web-series-middle')}</li>
      <li><svg width="22" height="12" aria-hidden="true"><rect class="band" x="1" y="1" width="20" height="10" /></svg>${this.#say('web-series-band')}</li>
    </ul>`;
  }

  #table(series: Series): TemplateResult {
    const level = (value: number): string => value.toFixed(2);
    const heads = ['time', 'low', 'middle-short', 'high', ...(series.danger === null ? [] : ['p-danger']), ...(series.overflow === null ? [] : ['p-overflow'])];
    const chances = (step: Step): TemplateResult[] =>
      [series.danger === null ? [] : [step.danger], series.overflow === null ? [] : [step.overflow]].flat().map((chance) => html`<td>${percent(chance)}</td>`);
    return html`<div class="wide" tabindex="0" role="group" aria-label=${this.#say('web-series-table')}>
      <table>
        <caption>${this.#say('web-series-caption')}</caption>
        <thead>
          <tr>${heads.map((head) => html`<th scope="col">${this.#say(`web-series-${head}`)}</th>`)}</tr>
        </thead>
        <tbody>
          ${toldReadings(series).map(
            (reading) => html`<tr data-observed><th scope="row">${this.#at(series, reading.time)} ${this.#standing(reading)}</th><td colspan=${heads.length - 1}>${level(reading.level)}</td></tr>`,
          )}
          ${toldSteps(series).map(
            (step) => html`<tr><th scope="row">${this.#at(series, step.time)}</th><td>${level(step.low)}</td><td>${level(step.middle)}</td><td>${level(step.high)}</td>${chances(step)}</tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  #at({ referenceTime }: Series, time: number): TemplateResult {
    return html`<span class="at">${shortTime(this.language, time, referenceTime)}</span> <span class="at">${leadTime(this.language, referenceTime, time)}</span>`;
  }

  /** What a reading is. */
  #standing({ isConfirmed }: Reading): string {
    return this.#say(isConfirmed ? 'web-series-observed' : 'web-series-unconfirmed');
  }

  /** The chart in one sentence. */
  #summary(series: Series): string {
    const told = toldReadings(series).map((reading) => `${this.#standing(reading)} ${reading.level.toFixed(2)} m`);
    const peak = series.forecast.reduce<Step | null>((best, step) => (best === null || best.middle < step.middle ? step : best), null);
    const now = told.length === 0 ? this.#say('web-series-unobserved') : told.join(' ');
    if (peak === null) return now;
    const values = { level: peak.middle.toFixed(2), time: shortTime(this.language, peak.time, series.referenceTime) };
    return `${series.name} ${now} ${say(this.language, 'web-series-peak', values)}`;
  }

  #say(id: string): string {
    return say(this.language, id);
  }

  static override styles = [
    look,
    css`
      :host {
        display: block;
        padding: 0.375rem 0;
      }
      figure {
        margin: 0;
      }
      figcaption,
      .text {
        font-size: var(--text-s);
        font-weight: 600;
      }
      figure > svg {
        width: 100%;
        height: auto;
        border-radius: var(--radius-s);
        background: var(--map-paper);
      }
      text {
        fill: var(--map-ink);
        font-size: var(--text-chart);
      }
      text.level {
        paint-order: stroke;
        stroke: var(--map-paper);
        stroke-width: 3px;
        font-weight: 700;
      }
      .grid {
        stroke: var(--chart-grid);
      }
      .now {
        stroke: var(--map-ink);
        stroke-dasharray: 1 3;
      }
      line.level {
        stroke: var(--map-ink);
        stroke-width: 1.5;
      }
      line.level[data-level='danger'] {
        stroke-dasharray: 6 3;
      }
      .band {
        fill: var(--chart-band);
        fill-opacity: 0.35;
        stroke: var(--chart-edge);
        stroke-width: 1;
        stroke-dasharray: 3 2;
      }
      .middle {
        fill: none;
        stroke: var(--chart-middle);
        stroke-width: 2;
      }
      path.observed,
      line.observed {
        fill: none;
        stroke: var(--map-ink);
        stroke-width: 1.5;
      }
      circle.observed {
        fill: var(--map-ink);
      }
      circle.unconfirmed {
        fill: var(--map-paper);
        stroke: var(--map-ink);
        stroke-width: 1.5;
      }
      .key {
        display: flex;
        flex-wrap: wrap;
        gap: 0 0.75rem;
        padding: 0.25rem 0;
        font-size: var(--text-xs);
      }
      .key li {
        display: flex;
        align-items: center;
        gap: 0.25rem;
      }
      .key svg {
        flex: none;
        background: var(--map-paper);
      }
      summary {
        min-height: 1.75rem;
        width: fit-content;
        color: var(--key);
        font-size: var(--text-s);
        line-height: 1.75rem;
        cursor: pointer;
      }
      .wide {
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
        font-size: var(--text-xs);
        font-variant-numeric: tabular-nums;
      }
      caption {
        text-align: left;
        color: var(--quiet);
      }
      th,
      td {
        border-bottom: 1px solid var(--line);
        padding: 0.125rem 0.375rem;
        text-align: right;
      }
      th:first-child {
        text-align: left;
      }
      tbody th {
        font-weight: 400;
      }
      .at {
        white-space: nowrap;
      }
    `,
  ];
}

/** Whole percent; what can happen is never told as 0, what may not as never 100. */
function percent(chance: number | null): string {
  if (chance === null) return '';
  const whole = Math.round(100 * chance);
  return `${0 < chance && chance < 1 ? Math.min(99, Math.max(1, whole)) : whole} %`;
}
