/** `<jomo-import>`: the dialogue that sends a file and makes a layer of it. */

import { css, html, LitElement, nothing, type TemplateResult } from 'lit';

import { Problem, Refused } from './answers';
import type { Desk } from './desk';
import { dialogueHead, dialogueLook, faultLine } from './dialogue';
import { check, EMPTY, ENCODINGS, KINDS, suggestedLayer, wordsOf, type Faults, type ImportForm } from './import-form';
import { look } from './look';
import { icon } from './swatch';
import { upload } from './upload';
import { say, type Language } from './words';

type TextName = 'layer' | 'titleJa' | 'titleEn' | 'attribution' | 'crs' | 'idField' | 'labelField' | 'restrictedFields';

/** Texts, support texts and whether a field must be filled, in the order of the form. */
const PLAIN: readonly TextName[] = ['layer', 'titleJa', 'titleEn', 'attribution'];
const MORE: readonly TextName[] = ['crs', 'idField', 'labelField'];
const MUST: ReadonlySet<keyof ImportForm> = new Set(['file', 'layer', 'titleJa', 'titleEn']);
const WORDS: Readonly<Record<TextName | 'file', string>> = {
  file: 'web-import-file',
  layer: 'web-import-layer',
  titleJa: 'web-import-title-ja',
  titleEn: 'web-import-title-en',
  attribution: 'web-source',
  crs: 'web-import-crs',
  idField: 'web-import-id-field',
  labelField: 'web-import-label-field',
  restrictedFields: 'web-import-restricted-fields',
};
const SUPPORT: Partial<Readonly<Record<TextName | 'file', string>>> = {
  file: 'web-import-file-text',
  layer: 'web-import-layer-text',
  crs: 'web-import-crs-text',
  restrictedFields: 'web-import-restricted-fields-text',
};
const ACCEPTED = '.geojson,.json,.fgb,.csv,.zip,.gpkg,.kml,.xlsx,.gml,.shp';

export class JomoImport extends LitElement {
  static override properties = {
    desk: { attribute: false },
    language: { attribute: false },
    form: { state: true },
    faults: { state: true },
    trouble: { state: true },
    share: { state: true },
  };

  declare desk: Desk;
  declare language: Language;
  declare form: ImportForm;
  declare faults: Faults;
  /** Why the server did not take it. */
  declare trouble: string | null;
  /** How much of the file has gone out, 0 to 1; `null` while nothing is sent. */
  declare share: number | null;

  #file: File | null = null;
  #sending: AbortController | null = null;

  constructor() {
    super();
    this.language = 'ja';
    this.form = EMPTY;
    this.faults = new Map();
    this.trouble = null;
    this.share = null;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sending?.abort();
  }

  open(): void {
    this.#dialogue?.showModal();
    this.renderRoot.querySelector<HTMLInputElement>('#file')?.focus();
  }

  override render(): TemplateResult {
    const close = { label: this.#say('web-close'), act: () => this.#dialogue?.close() };
    return html`<dialog aria-labelledby="title" @close=${() => this.#onClose()}>
      <form novalidate @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        ${dialogueHead(this.#say('web-import'), close, icon('close'))}
        <p class="alarm" role="alert">${this.trouble ?? (0 < this.faults.size ? say(this.language, 'web-import-faults', { count: this.faults.size }) : '')}</p>
        ${this.#fileField()} ${PLAIN.map((name) => this.#textField(name))} ${this.#select('kind', KINDS)}
        <fieldset>
          <legend>${this.#say('web-import-access')}</legend>
          ${this.#radio(true, 'web-import-restricted')} ${this.#radio(false, 'web-import-public')}
        </fieldset>
        ${this.form.isRestricted ? nothing : html`<p class="warning">${this.#say('web-import-public-text')}</p>`}
        ${this.#textField('restrictedFields')}
        <label class="choice">
          <input type="checkbox" name="isFictional" .checked=${this.form.isFictional} @change=${(event: Event) => this.#set({ isFictional: (event.target as HTMLInputElement).checked })} />
          ${this.#say('web-import-fictional')}
        </label>
        <details>
          <summary>${this.#say('web-import-more')}</summary>
          <div class="more">${MORE.map((name) => this.#textField(name))} ${this.#select('encoding', ENCODINGS)}</div>
        </details>
        ${this.#foot()}
      </form>
    </dialog>`;
  }

  #foot(): TemplateResult {
    const { share } = this;
    if (share === null) {
      return html`<div class="actions"><button type="submit" class="main">${this.#say('web-import-send')}</button></div>`;
    }
    return html`<div class="sending">
      <label for="share">${say(this.language, 'web-import-sending', { percent: Math.floor(share * 100) })}</label>
      <progress id="share" max="1" .value=${share}></progress>
      <div class="actions">
        <button type="button" data-action="abort" @click=${() => this.#sending?.abort()}>${this.#say('web-import-abort')}</button>
      </div>
    </div>`;
  }

  #fileField(): TemplateResult {
    return html`<div class="field">
      ${this.#label('file')}
      <input id="file" type="file" accept=${ACCEPTED} aria-invalid=${this.faults.has('file')} aria-describedby=${this.#described('file')} @change=${this.#onFile} />
      ${this.#below('file')}
    </div>`;
  }

  #textField(name: TextName): TemplateResult {
    return html`<div class="field">
      ${this.#label(name)}
      <input
        id=${name}
        type="text"
        lang=${name === 'titleEn' ? 'en' : nothing}
        autocomplete="off"
        spellcheck="false"
        maxlength="256"
        inputmode=${name === 'crs' ? 'numeric' : 'text'}
        .value=${this.form[name]}
        aria-required=${MUST.has(name)}
        aria-invalid=${this.faults.has(name)}
        aria-describedby=${this.#described(name)}
        @input=${(event: Event) => this.#set({ [name]: (event.target as HTMLInputElement).value })}
      />
      ${this.#below(name)}
    </div>`;
  }

  #select(name: 'kind' | 'encoding', values: readonly string[]): TemplateResult {
    return html`<div class="field">
      <label for=${name}>${this.#say(name === 'kind' ? 'web-kind' : 'web-import-encoding')}</label>
      <select id=${name} @change=${(event: Event) => this.#set({ [name]: (event.target as HTMLSelectElement).value })}>
        ${values.map(
          (value) => html`<option value=${value} ?selected=${value === this.form[name]}>
            ${name === 'kind' ? this.#say(`web-kind-${value}`) : this.#say(`web-import-encoding-${value === '' ? 'auto' : value}`)}
          </option>`,
        )}
      </select>
    </div>`;
  }

  #radio(isRestricted: boolean, text: string): TemplateResult {
    return html`<label class="choice">
      <input type="radio" name="access" value=${isRestricted ? 'restricted' : 'public'} .checked=${this.form.isRestricted === isRestricted} @change=${() => this.#set({ isRestricted })} />
      ${this.#say(text)}
    </label>`;
  }

  #label(name: TextName | 'file'): TemplateResult {
    return html`<label for=${name}>${this.#say(WORDS[name])} ${MUST.has(name) ? html`<span class="must">${this.#say('web-field-must')}</span>` : nothing}</label>`;
  }

  #described(name: TextName | 'file'): string | typeof nothing {
    const ids = [...(name in SUPPORT ? [`${name}-support`] : []), ...(this.faults.has(name) ? [`${name}-fault`] : [])];
    return ids.length === 0 ? nothing : ids.join(' ');
  }

  #below(name: TextName | 'file'): TemplateResult {
    const [support, fault] = [SUPPORT[name], this.faults.get(name)];
    return html`${support === undefined ? nothing : html`<p class="support" id=${`${name}-support`}>${this.#say(support)}</p>`}
    ${faultLine(`${name}-fault`, fault === undefined ? null : this.#say(fault))}`;
  }

  #set(change: Partial<ImportForm>): void {
    this.form = { ...this.form, ...change };
    if (0 < this.faults.size) this.faults = check(this.form);
  }

  readonly #onFile = (event: Event): void => {
    this.#file = (event.target as HTMLInputElement).files?.[0] ?? null;
    const layer = this.form.layer === '' && this.#file !== null ? suggestedLayer(this.#file.name) : this.form.layer;
    this.#set({ file: this.#file, layer });
  };

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    this.trouble = null;
    this.faults = check(this.form);
    const [first] = this.faults.keys();
    if (first !== undefined || this.#file === null) {
      await this.updateComplete;
      const input = this.renderRoot.querySelector<HTMLElement>(`#${first ?? 'file'}`);
      input?.closest('details')?.setAttribute('open', '');
      input?.focus();
      return;
    }
    this.#sending = new AbortController();
    this.share = 0;
    try {
      const onProgress = (share: number): void => void (this.share = share);
      const stored = await upload(this.#file, { language: this.language, onProgress, signal: this.#sending.signal });
      await this.desk.start(wordsOf(this.form, stored), this.language);
      this.share = null;
      this.form = EMPTY;
      this.#dialogue?.close();
    } catch (error) {
      this.trouble = this.#reason(error);
    } finally {
      this.share = null;
      this.#sending = null;
    }
  }

  #reason(error: unknown): string {
    if (error instanceof Problem) return this.#say(`web-problem-${error.reason}`);
    if (error instanceof Refused) {
      const { title, detail, hint } = error.refusal;
      const told = [title, detail, hint].filter((text) => text !== '').join(' ');
      return told === '' ? this.#say('web-problem-server') : told;
    }
    return error instanceof DOMException && error.name === 'AbortError' ? this.#say('web-import-aborted') : this.#say('web-problem-malformed');
  }

  #onClose(): void {
    this.#sending?.abort();
    this.faults = new Map();
    this.trouble = null;
    const input = this.renderRoot.querySelector<HTMLInputElement>('#file');
    if (input !== null) input.value = '';
    this.#file = null;
    this.form = { ...this.form, file: null };
  }

  get #dialogue(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  #say(id: string): string {
    return say(this.language, id);
  }

  static override styles = [
    look,
    dialogueLook,
    css`
      dialog {
        width: min(36rem, calc(100vw - 1rem));
      }
      summary {
        width: fit-content;
        min-height: 2rem;
        color: var(--key);
        line-height: 2rem;
        cursor: pointer;
      }
      .more,
      .sending {
        display: grid;
        gap: 1rem;
        padding-top: 0.5rem;
      }
      .sending {
        gap: 0.5rem;
      }
      .warning {
        border-left: 6px solid var(--warn);
        border-radius: var(--radius-m);
        padding: 0.5rem 0.75rem;
        background: var(--warn-soft);
        color: var(--ink);
        font-size: var(--text-s);
      }
      progress {
        width: 100%;
        height: 0.75rem;
        accent-color: var(--key);
      }
      input[type='file'] {
        padding: 0.5rem;
        font-size: var(--text-s);
      }
    `,
  ];
}
