/** How old a layer is, and what was missing when it was made: the one is not told without the other. */

import { css, html, nothing, type TemplateResult } from 'lit';

import type { ReadyLayer } from './atlas';
import type { Fault, Kind } from './contract';
import { age, shortTime } from './time';
import { say, type Language } from './words';

/** What has a 初期時刻: the time of anything else is that of its import. */
const ISSUED: readonly Kind[] = ['forecast', 'relayed'];

/** One line for each kind of fault. */
function lines(faults: readonly Fault[], language: Language): TemplateResult {
  return html`<ul>
    ${faults.map(
      ({ code, count, title }) =>
        html`<li data-fault=${code}>${title[language]}${count === 1 ? nothing : html` ${say(language, 'web-missing-count', { count })}`}</li>`,
    )}
  </ul>`;
}

/** 初期時刻 with its age, and what was missing; what stands in the tables all year is folded away. */
export function issue({ entry, description }: ReadyLayer, language: Language, now: number): TemplateResult | typeof nothing {
  const { referenceTime, faults, standing } = description;
  if (referenceTime === null || !ISSUED.includes(entry.kind)) return nothing;
  const past = entry.mode === 'live' ? html` <span>${age(language, referenceTime, now)}</span>` : nothing;
  return html`<p class="issued">
      ${say(language, 'web-reference-time')}
      <time datetime=${new Date(referenceTime).toISOString()}>${shortTime(language, referenceTime, now)}</time>${past}
    </p>
    ${faults.length === 0
      ? nothing
      : html`<div class="missing" data-missing>
          <p>${say(language, 'web-missing')}</p>
          ${lines(faults, language)}
        </div>`}
    ${standing.length === 0
      ? nothing
      : html`<details class="standing" data-standing>
          <summary>${say(language, 'web-standing', { count: standing.reduce((sum, { count }) => sum + count, 0) })}</summary>
          ${lines(standing, language)}
        </details>`}`;
}

export const issueStyles = css`
  .issued {
    color: var(--ink);
    font-size: var(--text-s);
    line-height: 1.5;
  }
  .missing {
    margin: 0.25rem 0;
    border-left: 4px solid var(--warn);
    padding: 0.25rem 0.5rem;
    background: var(--warn-soft);
    color: var(--ink);
    font-size: var(--text-s);
    line-height: 1.5;
  }
  .missing p {
    font-weight: 600;
  }
  .missing ul,
  .standing ul {
    padding-left: 1.25rem;
    list-style: disc;
  }
  .standing {
    margin: 0.25rem 0;
    color: var(--ink);
    font-size: var(--text-s);
    line-height: 1.5;
  }
`;
