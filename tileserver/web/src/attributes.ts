/** What one feature says about itself, in the words of its layer. */

import type { Description, Field, Language } from './contract';
import { say } from './words';

export interface Attribute {
  readonly title: string;
  readonly value: string;
  /** Colour of a class, shown beside its label and never instead of it. */
  readonly color: string | null;
}

export type Properties = Readonly<Record<string, unknown>>;

/** The declared attributes that the feature has, in the order of the layer's fields. */
export function attributesOf(fields: readonly Field[], properties: Properties, language: Language): Attribute[] {
  return fields.flatMap((field) => {
    const value = properties[field.name];
    return value === undefined || value === null || value === '' ? [] : [attribute(field, value, language)];
  });
}

/**
 * What to call the feature: its `name`, else the first text field whose title says it is a name,
 * else its first attribute, else its number.
 */
export function nameOf(
  layer: Pick<Description, 'fields'>,
  feature: { readonly id?: string | number | undefined; readonly properties: Properties },
  language: Language,
): string {
  const texts = layer.fields.filter(({ type }) => type === 'text');
  const field =
    texts.find(({ name }) => name === 'name') ??
    texts.find(({ title }) => /名称?$/.test(title.ja) || /name$/i.test(title.en));
  const named = field === undefined ? undefined : attributesOf([field], feature.properties, language)[0];
  if (named !== undefined) return named.value;
  const first = attributesOf(layer.fields, feature.properties, language)[0];
  return first === undefined ? String(feature.id ?? '') : `${first.title} ${first.value}`;
}

function attribute(field: Field, value: unknown, language: Language): Attribute {
  const title = field.title[language] === '' ? field.name : field.title[language];
  const code = field.codes.find((candidate) => String(candidate.value) === String(value));
  if (code !== undefined) return { title, value: code.label[language], color: code.color };
  const printed = print(value, language);
  return { title, value: field.unit === null ? printed : `${printed} ${field.unit}`, color: null };
}

function print(value: unknown, language: Language): string {
  if (typeof value === 'boolean') return say(language, value ? 'web-yes' : 'web-no');
  if (typeof value !== 'number') return String(value);
  // Codes are numbers too, so nothing is grouped; seven digits are what a 32-bit float holds.
  const digits = Number.isInteger(value) ? {} : { maximumSignificantDigits: 7 };
  return new Intl.NumberFormat(language, { useGrouping: false, ...digits }).format(value);
}
