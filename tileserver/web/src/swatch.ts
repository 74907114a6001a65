/** Samples of colour and icons: drawn as SVG, because the page's policy allows no style attributes. */

import { svg, type TemplateResult } from 'lit';

import type { LegendLine } from './legend';

/** The sample of a legend line, 28 by 18 pixels. */
export function swatch({ color, symbol }: Pick<LegendLine, 'color' | 'symbol'>): TemplateResult {
  return svg`<svg width="28" height="18" viewBox="0 0 28 18" aria-hidden="true" focusable="false">${sample(color, symbol)}</svg>`;
}

function sample(color: string | null, symbol: LegendLine['symbol']): TemplateResult {
  if (color === null) {
    return svg`<rect x="1" y="1" width="26" height="16" class="rim" fill="none" stroke-dasharray="3 2" />`;
  }
  if (symbol === 'line') return svg`<path d="M2 13 L10 6 L18 11 L26 5" fill="none" stroke=${color} stroke-width="3" />`;
  if (symbol === 'circle') return svg`<circle cx="14" cy="9" r="6" class="rim" fill=${color} />`;
  return svg`<rect x="1" y="1" width="26" height="16" class="rim" fill=${color} />`;
}

const PATHS = {
  play: 'M7 4 L20 12 L7 20 Z',
  pause: 'M6 4 H10 V20 H6 Z M14 4 H18 V20 H14 Z',
  back: 'M18 4 L8 12 L18 20 Z M5 4 H8 V20 H5 Z',
  forward: 'M6 4 L16 12 L6 20 Z M16 4 H19 V20 H16 Z',
  plus: 'M11 4 H13 V11 H20 V13 H13 V20 H11 V13 H4 V11 H11 Z',
  minus: 'M4 11 H20 V13 H4 Z',
  up: 'M12 6 L20 16 H4 Z',
  down: 'M12 18 L4 8 H20 Z',
  close: 'M6.4 5 L12 10.6 L17.6 5 L19 6.4 L13.4 12 L19 17.6 L17.6 19 L12 13.4 L6.4 19 L5 17.6 L10.6 12 L5 6.4 Z',
} as const;

export type Icon = keyof typeof PATHS;

export function icon(name: Icon): TemplateResult {
  return svg`<svg width="20" height="20" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} fill="currentColor" /></svg>`;
}
