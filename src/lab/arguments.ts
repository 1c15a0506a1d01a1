/**
 * The words and settings of one statement, taken one by one; what is left over is a mistake.
 *
 * @module
 */
import { ColumnError } from './syntax.ts';
import type { Statement, Word } from './syntax.ts';
import { readNumber } from './values.ts';

/** Words of a statement as a command takes them. */
export class Arguments {
  readonly statement: Statement;
  readonly #words: Word[];
  readonly #settings: Map<string, Word>;
  readonly #columns: Map<string, number>;
  readonly #usage: string;

  /** `usage`: how the command is written, for messages. @throws ColumnError for a setting given twice. */
  constructor(statement: Statement, usage: string) {
    this.statement = statement;
    this.#usage = usage;
    this.#words = [...statement.words];
    this.#settings = new Map();
    this.#columns = new Map();
    for (const { name, value, column } of statement.settings) {
      if (this.#settings.has(name)) throw new ColumnError(column, `${name}= is given twice`);
      this.#settings.set(name, value);
      this.#columns.set(name, column);
    }
  }

  /** The next word. @throws ColumnError when there is none. */
  next(what: string): Word {
    const word = this.#words.shift();
    if (word !== undefined) return word;
    const column = this.statement.command.column + this.statement.command.text.length;
    throw new ColumnError(column, `${what} is missing, expected: ${this.#usage}`);
  }

  /** The next word, if there is one. */
  optional(): Word | undefined {
    return this.#words.shift();
  }

  /** All words that are left. */
  rest(): readonly Word[] {
    return this.#words.splice(0);
  }

  /** Takes a word wherever it stands; true when it was there. */
  flag(name: string): boolean {
    const at = this.#words.findIndex(({ text }) => text === name);
    if (at < 0) return false;
    this.#words.splice(at, 1);
    return true;
  }

  /** Takes a setting. */
  setting(name: string): Word | undefined {
    const word = this.#settings.get(name);
    this.#settings.delete(name);
    return word;
  }

  /** Takes a setting that is a number. @throws ColumnError */
  number(name: string, otherwise: number, least = 0): number {
    const word = this.setting(name);
    return word === undefined ? otherwise : readNumber(word, least);
  }

  /** Takes a setting that is `yes` or `no`. @throws ColumnError */
  yes(name: string, otherwise: boolean): boolean {
    const word = this.setting(name);
    if (word === undefined) return otherwise;
    if (word.text !== 'yes' && word.text !== 'no')
      throw new ColumnError(word.column, `'${word.text}' is no answer, expected yes or no`);
    return word.text === 'yes';
  }

  /** Takes all settings that are left. */
  settings(): readonly (readonly [string, Word])[] {
    const left = [...this.#settings];
    this.#settings.clear();
    return left;
  }

  /** @throws ColumnError for a word or setting that nobody took. */
  finish(): void {
    const [word] = this.#words;
    if (word !== undefined)
      throw new ColumnError(word.column, `'${word.text}' is one word too many: ${this.#usage}`);
    for (const name of this.#settings.keys())
      throw new ColumnError(
        this.#columns.get(name) ?? 1,
        `'${name}=' is not known here: ${this.#usage}`,
      );
  }
}
