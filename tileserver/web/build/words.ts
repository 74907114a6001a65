import { readFile } from 'node:fs/promises';

import { FluentBundle, FluentResource } from '@fluent/bundle';
import type { Plugin } from 'vite';

/** Puts the words of `words/web.*.ftl` into pages without script, where `%ja:web-title%` stands. */
export function words(): Plugin {
  return {
    name: 'words',
    async transformIndexHtml(html) {
      const bundles = new Map(await Promise.all(['ja', 'en'].map(async (language) => [language, await bundle(language)] as const)));
      return html.replace(/%(ja|en):([a-z0-9-]+)%/g, (place, language: string, id: string) => {
        const pattern = bundles.get(language)?.getMessage(id)?.value;
        if (pattern == null) throw new Error(`no word for ${place}`);
        return bundles.get(language)?.formatPattern(pattern) ?? place;
      });
    },
  };
}

async function bundle(language: string): Promise<FluentBundle> {
  const made = new FluentBundle(language, { useIsolating: false });
  made.addResource(new FluentResource(await readFile(new URL(`../../../words/web.${language}.ftl`, import.meta.url), 'utf8')));
  return made;
}
