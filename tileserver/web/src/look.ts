/** What all parts of the page share in looks. */

import { css } from 'lit';

/**
 * Colours, after the design tokens of デジタル庁: text on white 16:1, quiet text 7:1, key blue 11:1.
 * Focus is a black line with a yellow one outside, visible on any ground.
 */
export const look = css`
  :host {
    --ink: #1a1a1c;
    --quiet: #4d4d4d;
    --line: #d8d8db;
    --edge: #767676;
    --paper: #ffffff;
    --ground: #f2f4f5;
    --key: #0017c1;
    --key-soft: #e8f1fe;
    --replay: #5b2a86;
    --fictional: #8b1a55;
    --alarm: #a30000;
    --alarm-soft: #fdeeee;
    color: var(--ink);
    font: 400 0.9375rem/1.6 system-ui, 'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', sans-serif;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h2,
  h3,
  p,
  ul,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ul {
    list-style: none;
  }
  button {
    min-width: 2.75rem;
    min-height: 2.75rem;
    border: 1px solid var(--edge);
    border-radius: 8px;
    padding: 0 0.75rem;
    background: var(--paper);
    color: var(--ink);
    font: inherit;
    cursor: pointer;
  }
  @media (hover: hover) {
    button:hover:enabled {
      background: var(--key-soft);
    }
  }
  button:disabled {
    border-color: var(--line);
    color: #767676;
    cursor: default;
  }
  svg {
    display: block;
  }
  :focus-visible {
    outline: 3px solid #000;
    outline-offset: 1px;
    box-shadow: 0 0 0 7px #ffd43d;
  }
  /* The track of a slider is thinner than its box: a wide ring would cover the text below. */
  input[type='range']:focus-visible {
    outline-offset: -2px;
    box-shadow: none;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
