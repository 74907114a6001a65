import { defineConfig } from 'vitest/config';

import { precompress } from './build/precompress.ts';
import { words } from './build/words.ts';

export default defineConfig({
  plugins: [words(), precompress()],
  build: {
    target: 'es2022',
    // Older than the script's: colours of two themes are written in a form that these know.
    cssTarget: ['chrome109', 'firefox115', 'safari16'],
    // The page is served under a policy without `data:` and without inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // MapLibre alone is 1.1 MB before compression; the budget of the page is checked compressed,
    // by the browser tests.
    chunkSizeWarningLimit: 1_400,
    rolldownOptions: {
      input: ['index.html', 'login.html'],
      output: {
        // Servers disagree on the media type of `.mjs`, and a worker with a wrong one is refused.
        assetFileNames: (asset) =>
          asset.names[0]?.endsWith('.mjs') ? 'assets/[name]-[hash].js' : 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: { fs: { allow: ['../..'] } },
  test: { include: ['test/**/*.test.ts'] },
});
