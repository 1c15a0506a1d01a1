/**
 * HTML that stands alone: pieces that are safe to put together, and a page that loads nothing and runs nothing
 * but its own script, which its Content-Security-Policy names by hash.
 *
 * @module
 */

/** Markup, as opposed to text: what {@link text} and {@link element} make. */
export type Markup = string & { readonly markup: unique symbol };

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Controls, and characters that turn the direction of what follows them: they are shown by number. */
const UNSEEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const visible = (raw: string): string =>
  raw.replaceAll(
    UNSEEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Any text as markup that shows it, in an element or an attribute. */
export const text = (raw: string): Markup =>
  visible(raw).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '') as Markup;

/** Attributes: `true` stands without a value, `undefined` is left out. */
export type Attributes = Readonly<Record<string, string | number | true | undefined>>;

const attributesText = (attributes: Attributes): string =>
  Object.entries(attributes)
    .map(([name, value]) =>
      value === undefined ? '' : value === true ? ` ${name}` : ` ${name}="${text(String(value))}"`,
    )
    .join('');

/** Elements that have no content. */
const VOID = ['meta', 'circle', 'rect', 'line', 'path', 'polyline'];

/** An element; names of elements and attributes are the program's own. */
export const element = (
  name: string,
  attributes: Attributes = {},
  ...children: readonly Markup[]
): Markup =>
  (VOID.includes(name) && children.length === 0
    ? `<${name}${attributesText(attributes)}${name === 'meta' ? '' : '/'}>`
    : `<${name}${attributesText(attributes)}>${children.join('')}</${name}>`) as Markup;

/** Pieces one after another. */
export const joined = (pieces: readonly Markup[], separator = ''): Markup =>
  pieces.join(separator) as Markup;

/** A value as JSON that can stand in a script element. */
export const scriptJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 of bytes given as hex digits. */
export function base64OfHex(hex: string): string {
  const bits = Array.from(hex, (digit) => parseInt(digit, 16).toString(2).padStart(4, '0')).join(
    '',
  );
  const sextets = bits.match(/.{1,6}/g) ?? [];
  const digits = sextets.map((sextet) => BASE64[parseInt(sextet.padEnd(6, '0'), 2)] ?? '').join('');
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, '=');
}

/** A page. */
export interface Page {
  readonly title: string;
  readonly body: Markup;
  readonly style: string;
  readonly script: string;
  /** What the script finds as JSON in the element `data`. */
  readonly data: unknown;
  /** SHA-256 of a text's UTF-8, as hex digits. */
  readonly sha256: (text: string) => string;
}

/** The page as one file. */
export function htmlPage({ title, body, style, script, data, sha256 }: Page): string {
  const hash = (code: string): string => `'sha256-${base64OfHex(sha256(code))}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${element('meta', { 'http-equiv': 'Content-Security-Policy', content: policy })}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${text(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}
