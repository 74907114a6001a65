/** Legend of a layer, from its own metadata. */

import type { Description, LegendEntry, Text } from './contract';
import { say } from './words';

/** A line of the legend; without a colour it stands for what is not drawn. */
export interface LegendLine {
  readonly label: Text;
  readonly color: string | null;
  readonly symbol: LegendEntry['symbol'];
}

/**
 * The legend as drawn. Areas that change with time get a line for "no data": an unfilled area must
 * not be read as the lowest class.
 */
export function legendOf(layer: Pick<Description, 'legend' | 'validTimes'>): readonly LegendLine[] {
  const changingAreas = 0 < layer.validTimes.length && layer.legend.some((entry) => entry.symbol === 'fill');
  if (!changingAreas) return layer.legend;
  const label = { ja: say('ja', 'web-legend-no-data'), en: say('en', 'web-legend-no-data') };
  return [...layer.legend, { label, color: null, symbol: 'fill' }];
}
