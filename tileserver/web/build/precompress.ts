import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(?:css|html|js|json|svg)$/;

/**
 * Writes `FILE.gz` beside each file that compresses, so the server sends stored bytes and never
 * compresses at run time.
 */
export function precompress(): Plugin {
  const compress = promisify(gzip);
  return {
    name: 'precompress',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      if (dir === undefined) return;
      const names = Object.keys(bundle).filter((name) => COMPRESSIBLE.test(name));
      for (const name of names) {
        const path = join(dir, name);
        const packed = await compress(await readFile(path), { level: constants.Z_BEST_COMPRESSION });
        await writeFile(`${path}.gz`, packed);
      }
    },
  };
}
