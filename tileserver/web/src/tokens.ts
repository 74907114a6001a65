/** Design tokens for what is drawn outside the reach of CSS: the map's canvas. */

import text from './tokens.css?raw';

const VALUES: ReadonlyMap<string, string> = new Map(
  [...text.matchAll(/--([a-z-]+):\s*([^;]+);/g)].map(([, name = '', value = '']) => [name, value]),
);

/** Tokens that are the same in both themes. */
export type MapToken = 'map-ground' | 'map-ink' | 'map-paper' | 'map-mark' | 'map-plain';

/** The value of a token, e.g. `#d5dcdf`. */
export function token(name: MapToken): string {
  return VALUES.get(name) ?? '';
}
