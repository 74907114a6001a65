/** What must be said over the map: frame 再現 or 架空, stale data, trouble with a way on. */

import { html, nothing, type TemplateResult } from 'lit';

import { isStale, type Layer } from './atlas';
import type { Mode } from './contract';
import { timeOfDay, dayAndTime } from './time';
import { say, type Language } from './words';

/** The frame to draw; what is invented outweighs what is merely past. */
export function frameOf(layers: readonly Layer[]): Exclude<Mode, 'live'> | null {
  const modes = new Set(layers.filter(({ visible }) => visible).map(({ entry }) => entry.mode));
  if (modes.has('fictional')) return 'fictional';
  return modes.has('replay') ? 'replay' : null;
}

export function frame(layers: readonly Layer[], language: Language): TemplateResult | typeof nothing {
  const kind = frameOf(layers);
  if (kind === null) return nothing;
  return html`<div class="frame" data-frame=${kind}>
    <p><strong>${say(language, `web-frame-${kind}`)}</strong> <span>${explanation(kind, layers, language)}</span></p>
  </div>`;
}

/** One line for each layer whose data has stopped coming. */
export function staleNotices(layers: readonly Layer[], language: Language, now: number): TemplateResult[] {
  return layers
    .filter((layer) => layer.visible && isStale(layer, now))
    .map(({ entry, description }) => {
      const time = description?.referenceTime ?? entry.referenceTime ?? description?.expires ?? entry.expires;
      const text =
        time === null ? say(language, 'web-stale-undated') : say(language, 'web-stale', { time: timeOfDay(language, time, now) });
      return html`<p class="notice" role="alert" data-stale=${entry.id}><strong>${entry.title[language]}</strong> ${text}</p>`;
    });
}

/** Something went wrong; `retry` is the way on. */
export function trouble(language: Language, text: string, retry: () => void): TemplateResult {
  return html`<div class="notice" role="alert">
    <p>${text}</p>
    <button type="button" data-action="retry" @click=${retry}>${say(language, 'web-retry')}</button>
  </div>`;
}

function explanation(kind: 'replay' | 'fictional', layers: readonly Layer[], language: Language): string {
  if (kind === 'fictional') return say(language, 'web-frame-fictional-text');
  const times = layers
    .filter(({ entry, visible }) => visible && entry.mode === 'replay')
    .flatMap(({ entry, description }) => description?.clock ?? description?.referenceTime ?? entry.referenceTime ?? []);
  if (times.length === 0) return say(language, 'web-frame-replay-undated');
  return say(language, 'web-frame-replay-text', { time: dayAndTime(language, Math.min(...times)) });
}
