/** What one feature says about itself, in the words of its layer. */

import type { Description, Field, Language, StyleLayer } from './contract';
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
 * What to call the feature: by the field that labels it on the map, else by its `name`, else by its
 * first attribute, else by its number.
 */
export function nameOf(
  layer: Pick<Description, 'fields' | 'style'>,
  feature: { readonly id?: string | number | undefined; readonly properties: Properties },
  language: Language,
): string {
  const field = nameField(layer);
  const named = field === undefined ? undefined : attributesOf([field], feature.properties, language)[0];
  if (named !== undefined) return named.value;
  const first = attributesOf(layer.fields, feature.properties, language)[0];
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
