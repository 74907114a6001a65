import { expect, test } from 'vitest';

import { readDescription } from '../src/contract';

const TILEJSON = {
  tiles: ['https://example.jp/tiles/flood_depth/{z}/{x}/{y}'],
  minzoom: 6,
  maxzoom: 14,
  bounds: [140, 33, 141, 34],
  layer: { attribution: { ja: '架空', en: 'fictional' } },
};

test('a layer says what stands over its legend and whether the map begins with it', () => {
  const plain = readDescription(TILEJSON);
  expect([plain.legendTitle, plain.isHidden]).toEqual([null, false]);
  const title = { ja: '詳細版', en: 'detailed edition' };
  const told = readDescription({ ...TILEJSON, layer: { ...TILEJSON.layer, legend_title: title, hidden: true } });
  expect([told.legendTitle, told.isHidden]).toEqual([title, true]);
});
