/** Texts for people, from the word files that the server and the command line use too. */

import { FluentBundle, FluentResource } from '@fluent/bundle';

import en from '../../../words/web.en.ftl?raw';
import ja from '../../../words/web.ja.ftl?raw';
import type { Language } from './contract';

export type { Language } from './contract';

export const LANGUAGES: readonly Language[] = ['ja', 'en'];

const BUNDLES: Readonly<Record<Language, FluentBundle>> = { ja: bundle('ja', ja), en: bundle('en', en) };

/**
 * The message `id` in `language`. Numbers are given as texts wherever they must not be grouped,
 * years above all.
 *
 * An unknown id comes back as itself: a test finds it, and no reader meets an empty place.
 */
export function say(language: Language, id: string, values: Record<string, string | number> = {}): string {
  const pattern = BUNDLES[language].getMessage(id)?.value;
  return pattern == null ? id : BUNDLES[language].formatPattern(pattern, values);
}

function bundle(language: Language, source: string): FluentBundle {
  // Isolation marks are for mixed writing directions; Japanese and English share theirs.
  const made = new FluentBundle(language, { useIsolating: false });
  made.addResource(new FluentResource(source));
  return made;
}
