/** Sending a file. `fetch` cannot tell how much of a body has gone out; the older way can. */

import { Problem, readRefusal, Refused } from './answers';
import type { Language } from './contract';
import { number, record, string } from './reading';

export interface Uploaded {
  readonly sha256: string;
  readonly bytes: number;
  readonly name: string;
}

/** The largest file that the server takes, in bytes. */
export const FILE_BYTES = 512 * 1024 * 1024;

export interface Delivery {
  readonly language: Language;
  /** Share that has gone out, 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

/** Stores `file` on the server. Throws like `send`; an `AbortError` after an abort. */
export function upload(file: File, { language, onProgress, signal }: Delivery): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/v1/files?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader('accept', 'application/json');
    request.setRequestHeader('accept-language', language);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(total <= 0 ? 0 : loaded / total));
    request.addEventListener('load', () => {
      if (request.status < 200 || 300 <= request.status) {
        reject(new Refused(readRefusal(request.status, request.responseText)));
        return;
      }
      try {
        resolve(readUploaded(JSON.parse(request.responseText)));
      } catch (cause) {
        reject(new Problem('malformed', { cause }));
      }
    });
    request.addEventListener('error', () => reject(new Problem('offline')));
    request.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if (signal.aborted) request.abort();
    request.send(file);
  });
}

function readUploaded(json: unknown): Uploaded {
  const stored = record(json, 'file');
  return {
    sha256: string(stored['sha256'], 'file.sha256'),
    bytes: number(stored['bytes'], 'file.bytes'),
    name: string(stored['name'], 'file.name'),
  };
}
