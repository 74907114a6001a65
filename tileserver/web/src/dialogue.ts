/** What dialogues and their forms share in looks. */

import { css, html, nothing, type TemplateResult } from 'lit';

export const dialogueLook = css`
  dialog {
    width: min(30rem, calc(100vw - 1rem));
    max-height: calc(100dvh - 1rem);
    border: 0;
    border-radius: var(--radius-l);
    padding: 0;
    background: var(--paper);
    color: var(--ink);
    box-shadow: var(--shadow);
    overflow-y: auto;
  }
  dialog::backdrop {
    background: var(--shade);
  }
  form {
    display: grid;
    gap: 1rem;
    padding: 1rem 1.25rem 1.25rem;
  }
  .head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 1rem;
  }
  h2 {
    font-size: var(--text-xl);
    line-height: var(--leading-tight);
  }
  .head button {
    display: grid;
    flex: none;
    place-items: center;
    border: 0;
    padding: 0;
  }
  .field {
    display: grid;
    gap: 0.25rem;
  }
  .field > label,
  legend {
    padding: 0;
    font-weight: 700;
  }
  .support,
  .caps {
    color: var(--quiet);
    font-size: var(--text-s);
    line-height: var(--leading-tight);
  }
  .fault {
    color: var(--alarm);
    font-size: var(--text-s);
    line-height: var(--leading-tight);
  }
  .must {
    color: var(--alarm);
    font-weight: 400;
    font-size: var(--text-s);
  }
  input:not([type='checkbox'], [type='radio']),
  select {
    width: 100%;
    min-width: 0;
    min-height: var(--target);
    border: 1px solid var(--edge);
    border-radius: var(--radius-m);
    padding: 0.25rem 0.75rem;
    background: var(--paper);
    color: var(--ink);
    font: inherit;
  }
  [aria-invalid='true'] {
    border-width: 2px;
    border-color: var(--alarm);
  }
  .choice {
    display: flex;
    align-items: center;
    gap: 0.625rem;
    min-height: 2.25rem;
    cursor: pointer;
  }
  .choice input {
    flex: none;
    width: 1.375rem;
    height: 1.375rem;
    margin: 0;
    accent-color: var(--key);
  }
  .alarm {
    border-left: 6px solid var(--alarm);
    border-radius: var(--radius-m);
    padding: 0.5rem 0.75rem;
    background: var(--alarm-soft);
    color: var(--ink);
  }
  .alarm:empty {
    display: none;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 0.75rem;
  }
  .actions .main {
    flex: 1 1 12rem;
  }
  fieldset {
    margin: 0;
    border: 0;
    padding: 0;
    min-width: 0;
  }
`;

/** A title with a button that closes; `title` is what the dialogue is called by. */
export function dialogueHead(title: string, close: { label: string; act: () => void }, mark: TemplateResult): TemplateResult {
  return html`<div class="head">
    <h2 id="title">${title}</h2>
    <button type="button" data-action="close" aria-label=${close.label} title=${close.label} @click=${close.act}>${mark}</button>
  </div>`;
}

/** What is wrong with a field, said below it; nothing if nothing is. */
export function faultLine(id: string, text: string | null): TemplateResult | typeof nothing {
  return text === null ? nothing : html`<p class="fault" id=${id}>${text}</p>`;
}
