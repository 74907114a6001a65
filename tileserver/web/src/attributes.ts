/** What one feature says about itself, in the words of its layer. */

import type { Description, Field, Language, StyleLayer } from './contract';
import { leadTime, shortTime } from './time';
import { say } from './words';

export interface Attribute {
  readonly title: string;
  readonly value: string;
  /** Colour of a class, shown beside its label and never instead of it. */
  readonly color: string | null;
}

export type Properties = Readonly<Record<string, unknown>>;

/** What of a layer is needed to tell of its features. */
export type Told = Pick<Description, 'fields' | 'referenceTime'>;

/** The declared attributes that the feature has, in the order of the layer's fields. */
export function attributesOf({ fields, referenceTime }: Told, properties: Properties, language: Language): Attribute[] {
  return fields.flatMap((field) => {
    const value = properties[field.name];
    return value === undefined || value === null || value === '' ? [] : [attribute(field, value, { language, referenceTime })];
  });
}

/**
 * What to call the feature: by the field that labels it on the map, else by its `name`, else by its
 * first attribute, else by its number.
 */
export function nameOf(
  layer: Told & Pick<Description, 'style'>,
  feature: { readonly id?: string | number | undefined; readonly properties: Properties },
  language: Language,
): string {
  const field = nameField(layer);
  const named = field === undefined ? undefined : attributesOf({ ...layer, fields: [field] }, feature.properties, language)[0];
  if (named !== undefined) return named.value;
  const first = attributesOf(layer, feature.properties, language)[0];
  return first === undefined ? String(feature.id ?? '') : `${first.title} ${first.value}`;
}

/** The field that tells features apart in words; absent for nameless things such as cells. */
export function nameField({ fields, style }: Pick<Description, 'fields' | 'style'>): Field | undefined {
  const label = style.map(labelField).find((name) => name !== null) ?? 'name';
  return fields.find(({ name }) => name === label);
}

/** The field that a style layer writes on the map, from `["get", FIELD]` within its `text-field`. */
function labelField(style: StyleLayer): string | null {
  const layout = style['layout'] as Readonly<Record<string, unknown>> | undefined;
  let expression = layout?.['text-field'];
  while (Array.isArray(expression)) {
    const [operator, argument] = expression as readonly unknown[];
    if (operator === 'get' && typeof argument === 'string') return argument;
    expression = argument;
  }
  return null;
}

/** For whom a value is printed, and against which 初期時刻 its times are told. */
interface Reader {
  readonly language: Language;
  readonly referenceTime: number | null;
}

function attribute(field: Field, value: unknown, reader: Reader): Attribute {
  const { language } = reader;
  const title = field.title[language] === '' ? field.name : field.title[language];
  const code = field.codes.find((candidate) => String(candidate.value) === String(value));
  if (code !== undefined) return { title, value: code.label[language], color: code.color };
  const printed = (field.isTime ? printTime(value, reader) : null) ?? print(value, language, field);
  return { title, value: field.unit === null ? printed : `${printed} ${field.unit}`, color: null };
}

/** A time in JST, and how far ahead it lies; `null` for what is no time. */
function printTime(value: unknown, { language, referenceTime }: Reader): string | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) return null;
  const printed = shortTime(language, time, referenceTime);
  if (referenceTime === null || time <= referenceTime) return printed;
  return say(language, 'web-time-lead', { time: printed, lead: leadTime(language, referenceTime, time) });
}

function print(value: unknown, language: Language, { type, unit }: Field): string {
  if (typeof value === 'boolean') return say(language, value ? 'web-yes' : 'web-no');
  if (typeof value !== 'number') return String(value);
  // Codes are numbers too, so nothing is grouped; seven digits are what a 32-bit float holds. Metres
  // stand below each other to be compared: all with the same digits.
  const isLength = type === 'float' && unit === 'm';
  const digits = Number.isInteger(value) ? {} : { maximumSignificantDigits: 7 };
  const same = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return new Intl.NumberFormat(language, { useGrouping: false, ...(isLength ? same : digits) }).format(value);
}
