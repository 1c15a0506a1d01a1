/**
 * The shape of lab scripts: one statement a line, words separated by blanks, `#` starts a comment.
 *
 *     [SELECTORS] [TASK:] COMMAND WORD … NAME=VALUE …
 *
 * Here lines become words with their columns; what the words of a command mean is said in commands.ts. The
 * grammar for users is docs in README.md beside this file.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';

/** A place in a script. Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A word of a statement. */
export interface Word {
  readonly text: string;
  readonly column: number;
}

/** `NAME=VALUE`. */
export interface Setting {
  readonly name: string;
  readonly value: Word;
  readonly column: number;
}

/** One statement, before anyone knows what its words mean. */
export interface Statement {
  readonly line: number;
  /** The line as written, without blanks around it and without comment. */
  readonly text: string;
  /** Kernels that it is for; empty: all. */
  readonly selectors: readonly Word[];
  /** Task that performs it; undefined: the first. */
  readonly task: Word | undefined;
  readonly command: Word;
  /** Words that are no settings, in order. */
  readonly words: readonly Word[];
  readonly settings: readonly Setting[];
}

/** A script. */
export interface Script {
  /** What it is called in messages. */
  readonly name: string;
  /** Its first comment line: what it shows. */
  readonly title: string;
  readonly statements: readonly Statement[];
}

/** A mistake in a script, as `NAME:LINE:COLUMN: what, expected what`. */
export class LabError extends AxfsError {
  readonly position: Position;
  /** The sentence without the place. */
  readonly sentence: string;

  constructor(script: string, position: Position, sentence: string) {
    super('EINVAL', `${script}:${String(position.line)}:${String(position.column)}: ${sentence}`);
    this.position = position;
    this.sentence = sentence;
  }
}

/** A mistake at a column of the line that is being looked at; the runner adds script and line. */
export class ColumnError extends Error {
  readonly column: number;

  constructor(column: number, sentence: string) {
    super(sentence);
    this.column = column;
  }
}

const SETTING = /^([A-Za-z_][A-Za-z0-9_-]*)=(.*)$/s;
const TASK = /^([A-Za-z_][A-Za-z0-9_-]*):$/;

/**
 * Reads a script.
 *
 * @throws LabError for a line without command, and for brackets that do not close.
 */
export function parseScript(text: string, name: string): Script {
  const statements: Statement[] = [];
  let title = '';
  text.split('\n').forEach((raw, i) => {
    const line = i + 1;
    const { code, comment } = splitComment(raw.replace(/\r$/, ''));
    if (title === '' && statements.length === 0 && comment !== '') title = comment;
    if (code.trim() === '') return;
    try {
      statements.push(parseStatement(code, line));
    } catch (error) {
      if (error instanceof ColumnError)
        throw new LabError(name, { line, column: error.column }, error.message);
      throw error;
    }
  });
  return { name, title, statements };
}

function splitComment(line: string): { readonly code: string; readonly comment: string } {
  const at = line.indexOf('#');
  if (at < 0) return { code: line, comment: '' };
  return { code: line.slice(0, at), comment: line.slice(at + 1).trim() };
}

function parseStatement(code: string, line: number): Statement {
  const words = wordsOf(code);
  const selectors = takeSelectors(words);
  const task = takeTask(words);
  const command = words.shift();
  if (command === undefined)
    throw new ColumnError(code.trimEnd().length + 1, 'the line ends here, expected a command');
  const settings: Setting[] = [];
  const plain: Word[] = [];
  for (const word of words) {
    const match = SETTING.exec(word.text);
    if (match === null) plain.push(word);
    else {
      const [, name = '', value = ''] = match;
      const column = word.column + name.length + 1;
      settings.push({ name, value: { text: value, column }, column: word.column });
    }
  }
  return { line, text: code.trim(), selectors, task, command, words: plain, settings };
}

function wordsOf(code: string): Word[] {
  return Array.from(code.matchAll(/\S+/g), (match) => ({
    text: match[0],
    column: match.index + 1,
  }));
}

/** Takes `[a b c]` off the front. */
function takeSelectors(words: Word[]): readonly Word[] {
  const [first] = words;
  if (first?.text.startsWith('[') !== true) return [];
  const selectors: Word[] = [];
  for (;;) {
    const word = words.shift();
    if (word === undefined)
      throw new ColumnError(first.column, "'[' has no ']', expected a list of kernels in brackets");
    const isLast = word.text.endsWith(']');
    const from = word === first ? 1 : 0;
    const text = word.text.slice(from, isLast ? -1 : undefined);
    if (text !== '') selectors.push({ text, column: word.column + from });
    if (isLast) return selectors;
  }
}

function takeTask(words: Word[]): Word | undefined {
  const [first] = words;
  const match = TASK.exec(first?.text ?? '');
  if (first === undefined || match === null) return undefined;
  words.shift();
  return { text: match[1] ?? '', column: first.column };
}
