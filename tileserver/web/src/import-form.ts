/** What the form for a new layer asks, and the command line that it becomes. */

import type { Kind } from './contract';
import { FILE_BYTES, type Uploaded } from './upload';

export const KINDS: readonly Kind[] = ['inventory', 'observation', 'designated', 'relayed', 'register'];
export const ENCODINGS = ['', 'utf-8', 'cp932'] as const;

export interface ImportForm {
  readonly file: Pick<File, 'name' | 'size'> | null;
  readonly layer: string;
  readonly titleJa: string;
  readonly titleEn: string;
  readonly attribution: string;
  readonly kind: Kind;
  /** EPSG code; empty: as the file says. */
  readonly crs: string;
  /** Empty: as the file says. */
  readonly encoding: string;
  /** Column that holds the ids; empty: none. */
  readonly idField: string;
  /** Column that labels features; empty: none. */
  readonly labelField: string;
  readonly isRestricted: boolean;
  /** Columns that only people of certain offices may see, separated by commas. */
  readonly restrictedFields: string;
  readonly isFictional: boolean;
}

/** The form as it opens: whoever changes nothing publishes nothing. */
export const EMPTY: ImportForm = {
  file: null,
  layer: '',
  titleJa: '',
  titleEn: '',
  attribution: '',
  kind: 'inventory',
  crs: '',
  encoding: '',
  idField: '',
  labelField: '',
  isRestricted: true,
  restrictedFields: '',
  isFictional: false,
};

/** Fields with a fault, and the message that says what is wrong with each. */
export type Faults = ReadonlyMap<keyof ImportForm, string>;

/** All faults at once. */
export function check(form: ImportForm): Faults {
  const faults = new Map<keyof ImportForm, string>();
  if (form.file === null) faults.set('file', 'web-import-no-file');
  else if (form.file.size === 0) faults.set('file', 'web-import-file-empty');
  else if (FILE_BYTES < form.file.size) faults.set('file', 'web-import-file-large');
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(form.layer.trim())) faults.set('layer', 'web-import-layer-fault');
  if (form.titleJa.trim() === '') faults.set('titleJa', 'web-field-missing');
  if (form.titleEn.trim() === '') faults.set('titleEn', 'web-field-missing');
  if (!/^(?:\d{4,5})?$/.test(form.crs.trim())) faults.set('crs', 'web-import-crs-fault');
  return faults;
}

/** The words of the job, for a form without faults. */
export function wordsOf(form: ImportForm, { sha256, name }: Pick<Uploaded, 'sha256' | 'name'>): string[] {
  const flag = (word: string, value: string): string[] => (value.trim() === '' ? [] : [`--${word}=${value.trim()}`]);
  return [
    'import',
    `upload:${sha256}/${name}`,
    '--layer',
    form.layer.trim(),
    ...flag('title-ja', form.titleJa),
    ...flag('title-en', form.titleEn),
    ...flag('attribution', form.attribution),
    ...flag('kind', form.kind),
    ...flag('access', form.isRestricted ? 'restricted' : 'public'),
    ...flag('crs', form.crs),
    ...flag('encoding', form.encoding),
    ...flag('id-field', form.idField),
    ...flag('label-field', form.labelField),
    ...columns(form.restrictedFields).flatMap((column) => flag('restricted-field', column)),
    ...(form.isFictional ? ['--fictional'] : []),
  ];
}

/** A layer id to begin with, from the name of the file; empty if nothing of it can be used. */
export function suggestedLayer(fileName: string): string {
  const stem = fileName.replace(/\.[^.]*$/, '').normalize('NFKC').toLowerCase();
  return stem.replace(/[^a-z0-9]+/g, '_').replace(/^[^a-z]+|_+$/g, '').slice(0, 64);
}

function columns(text: string): string[] {
  return text.split(/[,\uff0c\u3001]/).map((column) => column.trim()).filter((column) => column !== '');
}
