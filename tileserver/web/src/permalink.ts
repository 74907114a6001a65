/**
 * The state of the map in the address, behind `#`: it never reaches a server or its logs.
 *
 * Form: `#map=ZOOM/LAT/LON&layers=ID:OPACITY,ID&time=YYYYMMDDTHHMMSSZ&lang=ja`, the order and
 * digits of `map` as OpenStreetMap writes them. Opacity 1 is left out; `layers=` alone means none.
 */

import { compact, fromCompact } from './time';
import { LANGUAGES, type Language } from './words';

export interface View {
  readonly zoom: number;
  readonly latitude: number;
  readonly longitude: number;
}

/** What an address says; a part that is absent or unreadable is `null`. */
export interface Permalink {
  readonly view: View | null;
  /** Opacity of each layer that is switched on. */
  readonly layers: ReadonlyMap<string, number> | null;
  readonly time: number | null;
  readonly language: Language | null;
}

export function writePermalink(link: Permalink): string {
  const parts: string[] = [];
  if (link.view !== null) {
    const { zoom, latitude, longitude } = link.view;
    parts.push(`map=${trimmed(zoom, 2)}/${trimmed(latitude, 5)}/${trimmed(longitude, 5)}`);
  }
  if (link.layers !== null) {
    const layers = [...link.layers].map(([id, opacity]) => (opacity < 1 ? `${id}:${trimmed(opacity, 2)}` : id));
    parts.push(`layers=${layers.join(',')}`);
  }
  if (link.time !== null) parts.push(`time=${compact(link.time)}`);
  if (link.language !== null) parts.push(`lang=${link.language}`);
  return `#${parts.join('&')}`;
}

export function readPermalink(hash: string): Permalink {
  const parts = new Map<string, string>();
  for (const part of hash.replace(/^#/, '').split('&')) {
    const cut = part.indexOf('=');
    if (0 < cut) parts.set(part.slice(0, cut), part.slice(cut + 1));
  }
  return {
    view: readView(parts.get('map')),
    layers: readLayers(parts.get('layers')),
    time: fromCompact(parts.get('time') ?? ''),
    language: LANGUAGES.find((language) => language === parts.get('lang')) ?? null,
  };
}

function readView(text: string | undefined): View | null {
  const [zoom, latitude, longitude, ...rest] = (text ?? '').split('/').map(numeric);
  if (zoom == null || latitude == null || longitude == null || 0 < rest.length) return null;
  const inside = 0 <= zoom && zoom <= 24 && Math.abs(latitude) <= 85 && Math.abs(longitude) <= 180;
  return inside ? { zoom, latitude, longitude } : null;
}

function readLayers(text: string | undefined): ReadonlyMap<string, number> | null {
  if (text === undefined) return null;
  const layers = new Map<string, number>();
  for (const part of text.split(',')) {
    const [id = '', opacity = '1'] = part.split(':');
    const value = numeric(opacity);
    if (/^[a-z][a-z0-9_]{0,63}$/.test(id) && value !== null && 0 <= value && value <= 1) layers.set(id, value);
  }
  return layers;
}

function numeric(text: string): number | null {
  return /^-?\d{1,3}(?:\.\d{1,12})?$/.test(text) ? Number(text) : null;
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
