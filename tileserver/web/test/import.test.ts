import { expect, test } from 'vitest';

import { check, EMPTY, suggestedLayer, wordsOf, type ImportForm } from '../src/import-form';

const FULL: ImportForm = {
  ...EMPTY,
  file: { name: '家屋.zip', size: 9 },
  layer: 'houses',
  titleJa: '家屋',
  titleEn: 'Houses',
};

test('whoever changes nothing publishes nothing to everybody', () => {
  expect(EMPTY.isRestricted).toBe(true);
  expect(wordsOf(FULL, { sha256: 'ab12', name: '家屋.zip' })).toEqual([
    'import', 'upload:ab12/家屋.zip', '--layer', 'houses', '--title-ja=家屋', '--title-en=Houses', '--kind=inventory', '--access=restricted',
  ]);
});

test('every setting becomes a word, and a value can never become a flag', () => {
  const form: ImportForm = {
    ...FULL, attribution: '--store /tmp', kind: 'register', crs: ' 6677 ', encoding: 'cp932', idField: '番号', labelField: '名称',
    isRestricted: false, restrictedFields: '所有者、 電話,住所，', isFictional: true,
  };
  expect(wordsOf(form, { sha256: 'ab12', name: 'a.csv' }).slice(4)).toEqual([
    '--title-ja=家屋', '--title-en=Houses', '--attribution=--store /tmp', '--kind=register', '--access=public', '--crs=6677', '--encoding=cp932',
    '--id-field=番号', '--label-field=名称', '--restricted-field=所有者', '--restricted-field=電話', '--restricted-field=住所', '--fictional',
  ]);
});

test('all faults are told at once', () => {
  expect([...check(EMPTY).keys()]).toEqual(['file', 'layer', 'titleJa', 'titleEn']);
  expect(check(FULL).size).toBe(0);
  for (const [change, field] of [
    [{ file: { name: 'a', size: 0 } }, 'file'],
    [{ file: { name: 'a', size: 512 * 1024 * 1024 + 1 } }, 'file'],
    [{ layer: 'Houses' }, 'layer'],
    [{ layer: '1a' }, 'layer'],
    [{ layer: 'a'.repeat(65) }, 'layer'],
    [{ crs: 'EPSG:6677' }, 'crs'],
    [{ titleEn: ' ' }, 'titleEn'],
  ] as const) {
    expect([...check({ ...FULL, ...change }).keys()], JSON.stringify(change)).toEqual([field]);
  }
});

test('a name of a file suggests an id, or nothing', () => {
  expect(['Old Houses (2026).zip', 'ｈｏｕｓｅｓ.csv', '家屋.zip', '2026_gauges.csv', '--.csv'].map(suggestedLayer)).toEqual([
    'old_houses_2026', 'houses', '', 'gauges', '',
  ]);
});
