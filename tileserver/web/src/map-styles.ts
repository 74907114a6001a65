/** Layout of the page: panel beside the map on a wide screen, below it on a phone. */

import { css, unsafeCSS } from 'lit';
import maplibre from 'maplibre-gl/dist/maplibre-gl.css?inline';

import { look } from './look';

const layout = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
    background: var(--paper);
  }
  jomo-account {
    flex: 0 1 auto;
  }
  header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem 0.75rem;
    border-bottom: 1px solid var(--line);
    padding: 0.25rem 0.75rem 0.25rem 1rem;
  }
  h1 {
    flex: 1 0 auto;
    display: flex;
    align-items: center;
    gap: 0.625rem;
    margin: 0;
    font-size: var(--text-l);
    line-height: 1.3;
  }
  .mark {
    border-radius: var(--radius-s);
    padding: 0.0625rem 0.4375rem;
    background: var(--key);
    color: var(--on-key);
    font-size: var(--text-m);
    letter-spacing: 0.06em;
  }
  .languages {
    display: flex;
  }
  .languages button {
    border-radius: 0;
    padding: 0 0.75rem;
    font-size: var(--text-s);
    white-space: nowrap;
  }
  .languages button:first-child {
    border-radius: var(--radius-m) 0 0 var(--radius-m);
  }
  .languages button:last-child {
    border-left: 0;
    border-radius: 0 var(--radius-m) var(--radius-m) 0;
  }
  [aria-pressed='true'] {
    background: var(--key);
    color: var(--on-key);
  }
  .languages [aria-pressed='true']:hover:enabled {
    background: var(--key-strong);
  }
  .page {
    display: flex;
    flex: 1;
    flex-direction: row-reverse;
    min-height: 0;
  }
  main {
    position: relative;
    flex: 1;
    min-width: 0;
    overflow: hidden;
    background: var(--map-ground);
  }
  .map {
    position: absolute;
    inset: 0;
  }
  .map canvas:focus-visible {
    outline: 3px solid var(--focus);
    outline-offset: -3px;
    box-shadow: none;
  }
  .crosshair {
    display: none;
    position: absolute;
    inset: 50% auto auto 50%;
    width: 24px;
    height: 24px;
    border: 2px solid var(--map-ink);
    border-radius: 50%;
    box-shadow: 0 0 0 2px var(--map-paper);
    transform: translate(-50%, -50%);
    pointer-events: none;
  }
  .map:has(canvas:focus-visible) + .crosshair {
    display: block;
  }
  aside {
    display: flex;
    flex-direction: column;
    width: 23rem;
    border-right: 1px solid var(--line);
    background: var(--paper);
  }
  .tabs {
    display: flex;
    border-bottom: 1px solid var(--line);
  }
  .tabs button {
    flex: 1 1 auto;
    padding: 0 0.5rem;
    white-space: nowrap;
    border: 0;
    border-bottom: 3px solid transparent;
    border-radius: 0;
    color: var(--quiet);
    font-weight: 600;
  }
  .tabs [aria-current='true'] {
    border-bottom-color: var(--key);
    color: var(--key);
  }
  .tabs button:focus-visible {
    outline-offset: -3px;
    box-shadow: none;
  }
  .panel {
    /* Holds what is out of flow in it: text for screen readers made the whole page scroll. */
    position: relative;
    flex: 1;
    min-height: 0;
    overflow-y: auto;
  }
  .frame {
    position: absolute;
    inset: 0;
    z-index: 2;
    border: 6px solid var(--frame);
    pointer-events: none;
  }
  .frame[data-frame='replay'] {
    --frame: var(--replay);
  }
  .frame[data-frame='fictional'] {
    --frame: var(--fictional);
  }
  .frame p {
    position: absolute;
    top: 0;
    left: 0;
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 0.625rem;
    max-width: calc(100% - 4rem);
    border-radius: 0 0 var(--radius-l) 0;
    padding: 0.125rem 0.875rem 0.375rem 0.5rem;
    background: var(--frame);
    color: var(--on-frame);
    font-size: var(--text-s);
    line-height: 1.5;
  }
  .frame strong {
    font-size: var(--text-l);
    letter-spacing: 0.15em;
  }
  .notices {
    position: absolute;
    inset: 3.75rem 4.25rem auto 0.875rem;
    z-index: 3;
    display: grid;
    gap: 0.5rem;
    max-width: 30rem;
    pointer-events: none;
  }
  .notice {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.25rem 0.75rem;
    border-left: 6px solid var(--alarm);
    border-radius: var(--radius-m);
    padding: 0.5rem 0.75rem;
    background: var(--alarm-soft);
    box-shadow: var(--shadow);
    pointer-events: auto;
  }
  .zoom {
    position: absolute;
    top: 0.875rem;
    right: 0.875rem;
    z-index: 1;
    display: grid;
  }
  .zoom button {
    display: grid;
    place-items: center;
    padding: 0;
  }
  .zoom button:first-child {
    border-radius: var(--radius-m) var(--radius-m) 0 0;
  }
  .zoom button:last-child {
    border-top: 0;
    border-radius: 0 0 var(--radius-m) var(--radius-m);
  }
  jomo-details {
    position: absolute;
    top: 0.875rem;
    right: 4.5rem;
    z-index: 4;
    width: 22rem;
    max-height: calc(100% - 5rem);
  }
  /* The slider stays in sight. */
  jomo-details:has(+ .foot jomo-time) {
    max-height: calc(100% - 11.5rem);
  }
  jomo-details[hidden] {
    display: none;
  }
  .foot {
    position: absolute;
    inset: auto 0.875rem 0.625rem;
    z-index: 3;
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.375rem;
    justify-items: center;
    pointer-events: none;
  }
  .foot jomo-time {
    width: min(100%, 40rem);
    pointer-events: auto;
  }
  .credits {
    justify-self: end;
    border-radius: var(--radius-s);
    padding: 0 0.375rem;
    background: var(--paper);
    color: var(--ink);
    font-size: var(--text-xs);
    line-height: 1.5;
    pointer-events: auto;
  }
  .credits summary {
    display: flex;
    align-items: center;
    min-height: 24px;
    list-style: none;
    cursor: pointer;
  }
  .credits summary::-webkit-details-marker {
    display: none;
  }
  .credits:not([open]) span {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
  }
  @media (max-width: 47.99rem) {
    .page {
      flex-direction: column;
    }
    header {
      padding: 0.25rem 0.5rem;
    }
    h1 {
      gap: 0.375rem;
      font-size: var(--text-m);
    }
    /* One button is enough to change between two languages. */
    .languages [aria-pressed='true'] {
      display: none;
    }
    .languages button {
      padding: 0 0.5rem;
    }
    .languages button:is(:first-child, :last-child) {
      border: 1px solid var(--edge);
      border-radius: var(--radius-m);
    }
    aside {
      width: auto;
      border-top: 1px solid var(--line);
      border-right: 0;
    }
    aside[data-open='false'] .panel {
      display: none;
    }
    .panel {
      flex: none;
      height: 46dvh;
    }
    .tabs button {
      font-size: var(--text-s);
    }
    .tabs [aria-expanded='false'] {
      border-bottom-color: transparent;
      color: var(--ink);
    }
    .foot {
      inset: auto 0.625rem 0.5rem;
    }
    .credits {
      font-size: var(--text-xs);
      line-height: 1.4;
    }
    jomo-details,
    jomo-details:has(+ .foot jomo-time) {
      inset: auto 0.5rem 0.5rem;
      width: auto;
      max-height: 60%;
    }
  }
  /* With the panel open little of the map is left: the frame keeps its word, the slider its track. */
  @media (max-width: 47.99rem) {
    main:has(+ aside[data-open='true']) .frame p span {
      display: none;
    }
  }
  @media (max-width: 22.5rem) {
    .mark {
      display: none;
    }
  }
  @media (max-width: 47.99rem) and (max-height: 43rem) {
    main:has(+ aside[data-open='true']) jomo-time {
      display: none;
    }
  }
  /* 400 % on a desktop screen leaves 320 by 256 pixels: then the page scrolls as a whole. */
  @media (max-width: 47.99rem) and (max-height: 30rem) {
    :host {
      height: auto;
      min-height: 100dvh;
    }
    main {
      flex: none;
      height: 22rem;
    }
    .panel {
      height: auto;
    }
  }
`;

export const mapStyles = [unsafeCSS(maplibre), look, layout];
