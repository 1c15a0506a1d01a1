/**
 * The model under test with one defect planted: src/mm as JavaScript in a directory of its own, one file changed
 * before it is translated.
 *
 * @module
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { Defect } from './defects.ts';
import type { makeFastWorld } from './fast-world.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MODEL = 'test/model/fast-world';

const IMPORT = /(from '\.[^']*)\.ts'/g;

/** A TypeScript file as JavaScript that imports JavaScript. */
function translate(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  return outputText.replaceAll(IMPORT, "$1.js'");
}

const sourcesIn = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);

/** Writes variants of the model below a directory, and loads them. */
export class Variants {
  readonly #directory: string;
  readonly #translated: ReadonlyMap<string, string>;
  #made = 0;

  constructor(directory: string) {
    this.#directory = directory;
    const files = [
      ...['src/base', 'src/mm'].flatMap(sourcesIn),
      'test/model/contract.ts',
      `${MODEL}.ts`,
    ];
    this.#translated = new Map(
      files.map((file) => [file, translate(readFileSync(join(ROOT, file), 'utf8'))]),
    );
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n');
  }

  /** Makes worlds of the model with a defect, or without one. */
  async load(defect?: Defect): Promise<typeof makeFastWorld> {
    this.#made += 1;
    // Below node_modules the test runner leaves them to Node: it would translate each once more.
    const directory = join(this.#directory, 'node_modules', String(this.#made));
    const planted = defect === undefined ? undefined : translate(plant(defect));
    for (const [file, text] of this.#translated) {
      const path = join(directory, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(
        path,
        file === `src/mm/${defect?.file ?? ''}` && planted !== undefined ? planted : text,
      );
    }
    const url = pathToFileURL(join(directory, `${MODEL}.js`)).href;
    const loaded = (await import(/* @vite-ignore */ url)) as {
      makeFastWorld: typeof makeFastWorld;
    };
    return loaded.makeFastWorld;
  }
}

/** Source text of the file that a defect is in, with it. @throws Error when the table does not fit the source. */
function plant({ name, file, find, replace }: Defect): string {
  const parts = readFileSync(join(ROOT, 'src/mm', file), 'utf8').split(find);
  if (parts.length !== 2)
    throw new Error(
      `the table of defects is out of date: ${file} has the text of '${name}' ${String(parts.length - 1)} times, expected once`,
    );
  return parts.join(replace);
}
