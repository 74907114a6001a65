/** What all parts of the page share in looks. */

import { css } from 'lit';

/** Base of every component. Colours and sizes are the tokens of `tokens.css`, inherited from the page. */
export const look = css`
  :host {
    color: var(--ink);
    font: 400 var(--text-m) / var(--leading) var(--family);
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
    min-width: var(--target);
    min-height: var(--target);
    border: 1px solid var(--edge);
    border-radius: var(--radius-m);
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
    color: var(--faint);
    cursor: default;
  }
  button.main {
    border-color: var(--key);
    background: var(--key);
    color: var(--on-key);
    font-weight: 700;
  }
  @media (hover: hover) {
    button.main:hover:enabled {
      background: var(--key-strong);
    }
  }
  button.main:disabled {
    border-color: var(--line);
    background: var(--ground);
    color: var(--faint);
  }
  svg {
    display: block;
  }
  svg .rim {
    stroke: var(--edge);
  }
  :focus-visible {
    outline: 3px solid var(--focus);
    outline-offset: 1px;
    box-shadow: 0 0 0 7px var(--focus-ring);
  }
  /* The track of a slider is thinner than its box: a wide ring would cover the text below. */
  input[type='range']:focus-visible {
    outline-offset: -2px;
    box-shadow: none;
  }
  .restricted {
    display: inline-block;
    flex: none;
    border-radius: var(--radius-s);
    padding: 0 0.375rem;
    background: var(--closed-soft);
    color: var(--closed);
    font-weight: 700;
    font-size: var(--text-s);
    line-height: var(--leading);
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
