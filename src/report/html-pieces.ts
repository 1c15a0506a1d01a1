/**
 * Pieces that reports are made of: sections, lists, and tables that can be sorted.
 *
 * @module
 */
import { element, text } from './html.ts';
import type { Attributes, Markup } from './html.ts';

/** A column's heading. */
export interface Head {
  readonly title: string;
  readonly isName?: boolean;
}
/** A cell. */
export interface Cell {
  readonly text: string;
  /** What a column is sorted by. */
  readonly value?: number;
  readonly isBest?: boolean;
}

/** A table whose columns can be sorted. */
export function sortableTable(
  caption: string,
  heads: readonly Head[],
  rows: readonly (readonly Cell[])[],
): Markup {
  const nameAt = (i: number): boolean => heads[i]?.isName === true;
  return element(
    'table',
    { class: 'sortable', 'aria-label': caption },
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...heads.map(({ title, isName }) =>
          element(
            'th',
            { scope: 'col', class: isName === true ? 'name' : undefined },
            element('button', { type: 'button' }, text(title)),
          ),
        ),
      ),
    ),
    element(
      'tbody',
      {},
      ...rows.map((row) =>
        element(
          'tr',
          {},
          ...row.map((cell, i) => {
            const attributes: Attributes = {
              class: nameAt(i) ? 'name' : cell.isBest === true ? 'best' : undefined,
              'data-v': cell.value,
            };
            return i === 0
              ? element('th', { ...attributes, scope: 'row' }, text(cell.text))
              : element('td', attributes, text(cell.text));
          }),
        ),
      ),
    ),
  );
}

/** A region that scrolls, and that the keyboard reaches to do so. */
export const scrolling = (name: string, content: Markup, isTall = false): Markup =>
  element(
    'div',
    {
      ...{ class: isTall ? 'scroll tall' : 'scroll', tabindex: 0 },
      ...{ role: 'region', 'aria-label': name },
    },
    content,
  );

/** A part of the page under a heading, which `id` leads to. */
export const section = (id: string, title: string, ...content: readonly Markup[]): Markup =>
  element('section', { 'aria-labelledby': id }, element('h2', { id }, text(title)), ...content);

/** A paragraph of text. */
export const paragraph = (words: string, attributes: Attributes = {}): Markup =>
  element('p', attributes, text(words));

/** Terms and what they mean here. */
export const listed = (rows: readonly (readonly [string, string])[]): Markup =>
  element(
    'dl',
    {},
    ...rows.flatMap(([term, words]) => [
      element('dt', {}, text(term)),
      element('dd', {}, text(words)),
    ]),
  );

const swatch = (name: string): Markup =>
  element(
    'svg',
    { width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    element('rect', { class: `f-${name}`, width: 12, height: 12 }),
  );

/** Colours, by the names of their classes, and what they mean. */
export const legend = (rows: readonly (readonly [string, string])[]): Markup =>
  element(
    'ul',
    { class: 'legend' },
    ...rows.map(([name, words]) => element('li', {}, swatch(name), text(words))),
  );
