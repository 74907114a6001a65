// Runs the user stories of the map page in Chromium against a running jomo-server.
//
//   node run.mjs --url http://127.0.0.1:8080 --out DIR --region gunma|sample [--scenario NAME,...]
//       [--people FILE --server-pid FILE]   people to sign in as (lines `LOGIN PASSWORD`), and the
//                                           file with the process that stories may restart
//
// Prints one line a story and a closing line, keeps pictures in DIR, exits 1 on any failure.

import { mkdir, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

import { Reader, SIZES } from './reader.mjs';
import { budgetIsKept, firstViewIsAccessible, keyboardIsEnough, listTellsTheView } from './stories/access.mjs';
import { floodHasOtherViews, floodIsTold } from './stories/flood.mjs';
import { failureIsTold, fileBecomesLayer, jobIsCancelled, restartIsSurvived } from './stories/jobs.mjs';
import { clickShowsAttributes, everyFeatureIsDrawn, frameIsDrawn, sliderMovesTime } from './stories/map.mjs';
import { lackIsTold, riverForecastIsTold } from './stories/river.mjs';
import {
  endOfSessionIsTold,
  formSignsInWithoutScript,
  keyboardSignsIn,
  otherTabsFollow,
  restrictedLayerComesAndGoes,
  throttleIsTold,
} from './stories/staff.mjs';
import { generationSwitches, languageSwitches, layersChangePlaces, permalinkRestores } from './stories/state.mjs';
import { brokenTilesAreTold, retryRecovers, staleForecastLeaves, withoutWebGl } from './stories/trouble.mjs';

const BOTH = ['desktop', 'phone'];
/** Each story with its sizes. A region file names those it runs; without such a list it runs all. */
const STORIES = [
  [everyFeatureIsDrawn, ['desktop']],
  [sliderMovesTime, BOTH],
  [floodIsTold, BOTH],
  [floodHasOtherViews, ['desktop']],
  [riverForecastIsTold, BOTH],
  [lackIsTold, BOTH],
  [clickShowsAttributes, BOTH],
  [frameIsDrawn, BOTH],
  [permalinkRestores, ['desktop']],
  [layersChangePlaces, ['desktop']],
  [languageSwitches, BOTH],
  [keyboardIsEnough, ['desktop']],
  [listTellsTheView, BOTH],
  [firstViewIsAccessible, [...BOTH, 'narrow', 'zoomed']],
  [generationSwitches, ['desktop']],
  [staleForecastLeaves, BOTH],
  [retryRecovers, BOTH],
  [brokenTilesAreTold, ['desktop']],
  [withoutWebGl, ['desktop']],
  [budgetIsKept, ['phone']],
];

/** Stories of people who sign in; they come last, since they publish layers and restart the server. */
const STAFF_STORIES = [
  [restrictedLayerComesAndGoes, BOTH],
  [keyboardSignsIn, ['desktop']],
  [throttleIsTold, ['phone']],
  [otherTabsFollow, ['desktop']],
  [endOfSessionIsTold, ['desktop']],
  [formSignsInWithoutScript, ['phone']],
  [fileBecomesLayer, ['phone']],
  [failureIsTold, ['desktop']],
  [jobIsCancelled, ['desktop']],
  [restartIsSurvived, ['desktop']],
];


const FLAGS = [
  '--headless=new',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    out: { type: 'string' },
    region: { type: 'string' },
    scenario: { type: 'string' },
    people: { type: 'string' },
    'server-pid': { type: 'string' },
  },
});
const { url, out, region: name, scenario } = values;
if (url === undefined || out === undefined || name === undefined) {
  process.stderr.write('usage: run.mjs --url URL --out DIR --region NAME [--scenario NAME,...]\n');
  process.exit(2);
}
const region = JSON.parse(await readFile(new URL(`regions/${name}.json`, import.meta.url), 'utf8'));
const people = values.people === undefined ? {} : peopleOf(await readFile(values.people, 'utf8'));
const serverPid = values['server-pid'];
await mkdir(out, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS,
});
let [passed, failed] = [0, 0];
const isWanted = ([{ name: each }]) => (scenario === undefined ? (region.stories?.includes(each) ?? true) : scenario.split(',').includes(each));
const ahead = values.people === undefined ? STORIES : [...STORIES, ...STAFF_STORIES];
for (const [story, sizes] of ahead.filter(isWanted)) {
  for (const size of sizes) {
    const fault = await tell(story, size);
    if (fault === null) passed += 1;
    else failed += 1;
  }
}
await browser.close();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(0 < failed || passed === 0 ? 1 : 0);

/** Runs one story at one size; gives what went wrong, or `null`. */
async function tell(story, size) {
  const started = performance.now();
  const context = await browser.newContext({ ...SIZES[size], locale: 'ja-JP', timezoneId: 'Europe/London' });
  const reader = new Reader(await context.newPage(), { url: new URL('/', url).href, out, region, size, people, serverPid });
  let fault = null;
  try {
    await story(reader);
    if (0 < reader.faults.length) fault = distinct(reader.faults);
  } catch (error) {
    fault = distinct([error.message, ...reader.faults]);
  }
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  process.stdout.write(`${fault === null ? 'ok  ' : 'FAIL'} ${story.name} ${size} ${seconds} s\n`);
  if (fault !== null) {
    await reader.picture(`failed-${story.name}`).catch(() => {});
    process.stdout.write(`${fault.replace(/^/gm, '     ')}\n`);
  }
  await context.close();
  return fault;
}

/** People by login. */
function peopleOf(text) {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split(' ')).map(([login, password]) => [login, { login, password }]));
}

function distinct(lines) {
  return [...new Set(lines)].join('\n');
}
