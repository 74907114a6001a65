/**
 * What the server answers, checked once at the edge: the rest of the page trusts these types.
 *
 * Times arrive as RFC 3339 texts and leave here as milliseconds since 1970 (UTC).
 */

import { list, Malformed, number, optional, record, string, time } from './reading';

export type Language = 'ja' | 'en';
export type Text = Readonly<Record<Language, string>>;

export type Kind = 'observation' | 'designated' | 'relayed' | 'forecast' | 'inventory' | 'register';
export type Mode = 'live' | 'replay' | 'fictional';

/** West, south, east, north in degrees. */
export type Bounds = readonly [number, number, number, number];

/** One layer as `/catalog.json` lists it. */
export interface Entry {
  readonly id: string;
  readonly title: Text;
  readonly kind: Kind;
  readonly mode: Mode;
  /** Whether only signed-in people of certain offices see it: 関係者限り. */
  readonly isRestricted: boolean;
  readonly version: string;
  readonly bounds: Bounds;
  /** Address of the layer's TileJSON. */
  readonly tilejson: string;
  readonly referenceTime: number | null;
  readonly expires: number | null;
}

export interface Catalogue {
  /** `null` before the first publication. */
  readonly generation: string | null;
  readonly layers: readonly Entry[];
}

export interface Code {
  readonly value: unknown;
  readonly label: Text;
  readonly color: string | null;
}

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly title: Text;
  /** Whether its text is a time by RFC 3339. */
  readonly isTime: boolean;
  readonly unit: string | null;
  readonly codes: readonly Code[];
}

export interface LegendEntry {
  readonly label: Text;
  readonly color: string;
  readonly symbol: 'fill' | 'line' | 'circle';
}

export interface InputFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What was missing, not believed or kept out when a layer was made. */
export interface Fault {
  readonly code: string;
  readonly count: number;
  readonly title: Text;
}

export interface SeriesPlace {
  /** Address with `{id}`. */
  readonly address: string;
  /** Ids of the features that have one, by their number in tiles. */
  readonly ids: ReadonlyMap<string, string>;
}

export interface Run {
  readonly command: string;
  readonly engineVersion: string;
  readonly inputs: readonly InputFile[];
}

/** A MapLibre layer without `id`, `source` and `source-layer`. */
export type StyleLayer = Readonly<Record<string, unknown>> & { readonly type: string };

/** One layer in full, from its TileJSON. */
export interface Description {
  /** Tile address with `{z}`, `{x}` and `{y}`; with `{time}` too if the layer has steps. */
  readonly tiles: string;
  readonly minzoom: number;
  readonly maxzoom: number;
  readonly bounds: Bounds;
  readonly attribution: Text;
  readonly licence: string;
  readonly fields: readonly Field[];
  readonly style: readonly StyleLayer[];
  readonly legend: readonly LegendEntry[];
  /** What stands over the legend, such as the manual that its classes come from. */
  readonly legendTitle: Text | null;
  /** Whether the map begins without it. */
  readonly isHidden: boolean;
  readonly featureCount: number;
  readonly referenceTime: number | null;
  /** 対象時刻, ascending; empty for a layer without time. */
  readonly validTimes: readonly number[];
  /** The step that a request without a time means. */
  readonly current: number | null;
  readonly expires: number | null;
  /** The now of a replay or fictional layer. */
  readonly clock: number | null;
  readonly faults: readonly Fault[];
  /** What its tables make every computation leave out until somebody mends them. */
  readonly standing: readonly Fault[];
  /** Where the series of features are; `null` for a layer without. */
  readonly series: SeriesPlace | null;
  readonly run: Run;
}

export function readCatalogue(json: unknown): Catalogue {
  const root = record(json, 'catalogue');
  return {
    generation: optional(root['generation'], string),
    layers: list(root['layers']).map(readEntry),
  };
}

/** The generation that `/status.json` names. */
export function readGeneration(json: unknown): string | null {
  return optional(record(json, 'status')['generation'], string);
}

export function readDescription(json: unknown): Description {
  const root = record(json, 'TileJSON');
  const layer = record(root['layer'], 'layer');
  const temporal = root['temporal'] == null ? {} : record(root['temporal'], 'temporal');
  const run = layer['run'] == null ? {} : record(layer['run'], 'run');
  const validTimes = list(temporal['valid_times'] ?? layer['valid_times']).map((t) => time(t, 'valid_times'));
  const timeless = list(root['tiles'])[0];
  return {
    tiles: absolute(string(validTimes.length === 0 ? timeless : temporal['tiles'], 'tiles')),
    minzoom: number(root['minzoom'], 'minzoom'),
    maxzoom: number(root['maxzoom'], 'maxzoom'),
    bounds: bounds(root['bounds']),
    attribution: text(layer['attribution'], 'attribution'),
    licence: optional(layer['licence'], string) ?? '',
    fields: list(layer['fields']).map(readField),
    style: list(layer['style']).map(readStyle),
    legend: list(layer['legend']).map(readLegend),
    legendTitle: optional(layer['legend_title'], (title) => text(title, 'legend_title')),
    isHidden: layer['hidden'] === true,
    featureCount: optional(layer['feature_count'], number) ?? 0,
    referenceTime: optional(temporal['reference_time'] ?? layer['reference_time'], time),
    validTimes,
    current: optional(temporal['current'], time),
    expires: optional(temporal['expires'] ?? layer['expires'], time),
    clock: optional(temporal['clock'] ?? layer['clock'], time),
    faults: list(root['faults']).map(readFault),
    standing: list(root['standing']).map(readFault),
    series: optional(root['series'], readSeriesPlace),
    run: {
      command: optional(run['command'], string) ?? '',
      engineVersion: optional(run['engine_version'], string) ?? '',
      inputs: list(run['inputs']).map(readInput),
    },
  };
}

function readEntry(json: unknown): Entry {
  const entry = record(json, 'layers');
  const id = string(entry['id'], 'id');
  return {
    id,
    title: text(entry['title'], `${id}.title`),
    kind: string(entry['kind'], `${id}.kind`) as Kind,
    mode: string(entry['mode'], `${id}.mode`) as Mode,
    isRestricted: entry['access'] === 'restricted',
    version: string(entry['version'], `${id}.version`),
    bounds: bounds(entry['bounds']),
    tilejson: string(entry['tilejson'], `${id}.tilejson`),
    referenceTime: optional(entry['reference_time'], time),
    expires: optional(entry['expires'], time),
  };
}

function readField(json: unknown): Field {
  const field = record(json, 'fields');
  const name = string(field['name'], 'fields.name');
  return {
    name,
    type: string(field['type'], `${name}.type`),
    title: text(field['title'], `${name}.title`),
    isTime: field['format'] === 'date-time',
    unit: optional(field['unit'], string),
    codes: list(field['codes']).map((code) => {
      const { value, label, color } = record(code, `${name}.codes`);
      return { value, label: text(label, `${name}.codes.label`), color: optional(color, string) };
    }),
  };
}

function readFault(json: unknown): Fault {
  const fault = record(json, 'faults');
  return {
    code: string(fault['code'], 'faults.code'),
    count: number(fault['count'], 'faults.count'),
    title: text(fault['title'], 'faults.title'),
  };
}

function readSeriesPlace(json: unknown): SeriesPlace {
  const place = record(json, 'series');
  const ids = Object.entries(record(place['ids'], 'series.ids'));
  return {
    address: string(place['address'], 'series.address'),
    ids: new Map(ids.map(([number, id]) => [number, string(id, 'series.ids')])),
  };
}

function readLegend(json: unknown): LegendEntry {
  const entry = record(json, 'legend');
  const symbol = string(entry['symbol'], 'legend.symbol');
  if (symbol !== 'fill' && symbol !== 'line' && symbol !== 'circle') throw new Malformed('legend.symbol');
  return { label: text(entry['label'], 'legend.label'), color: string(entry['color'], 'legend.color'), symbol };
}

function readStyle(json: unknown): StyleLayer {
  const layer = record(json, 'style');
  return { ...layer, type: string(layer['type'], 'style.type') };
}

function readInput(json: unknown): InputFile {
  const input = record(json, 'run.inputs');
  return {
    name: string(input['name'], 'run.inputs.name'),
    bytes: number(input['bytes'], 'run.inputs.bytes'),
    sha256: string(input['sha256'], 'run.inputs.sha256'),
  };
}

/** Workers fetch tiles, and a worker has no page to resolve an address against. */
function absolute(template: string): string {
  return template.startsWith('/') ? `${location.origin}${template}` : template;
}

function bounds(json: unknown): Bounds {
  const [west, south, east, north] = list(json).map((value) => number(value, 'bounds'));
  if (west === undefined || south === undefined || east === undefined || north === undefined) {
    throw new Malformed('bounds');
  }
  return [west, south, east, north];
}

export function text(json: unknown, what: string): Text {
  const { ja, en } = record(json, what);
  return { ja: string(ja, what), en: string(en, what) };
}
