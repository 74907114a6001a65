/** The mark 関係者限り: what not everybody may see looks so wherever it stands. */

import { html, nothing, type TemplateResult } from 'lit';

import type { Entry } from './contract';
import { say, type Language } from './words';

export function restrictedMark({ isRestricted }: Pick<Entry, 'isRestricted'>, language: Language): TemplateResult | typeof nothing {
  return isRestricted ? html`<span class="restricted">${say(language, 'web-restricted')}</span>` : nothing;
}
