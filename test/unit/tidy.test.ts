/**
 * The repository tests itself: folders and imports against the table of layers, no dead files, no cycles,
 * and the lint rules that enforce the same while one types.
 */
import { ESLint } from 'eslint';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
/** Plain JavaScript, as the linter reads it; hence without declarations. */
const {
  HOST_LAYER,
  LAYERS: layers,
  SUBFOLDERS: subfolders,
} = (await import(pathToFileURL(resolve(root, 'tools/layers.js')).href)) as {
  readonly HOST_LAYER: string;
  readonly SUBFOLDERS: readonly string[];
  readonly LAYERS: Readonly<Record<string, readonly string[]>>;
};
const inRoot = (path: string): string => relative(root, path).split(sep).join('/');

/** Files below a folder, by path from the root of the repository. */
const filesBelow = (folder: string, suffix: string): string[] =>
  readdirSync(resolve(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => inRoot(resolve(entry.parentPath, entry.name)))
    .sort();

/** One use of another module. */
interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
}

/** Static imports and re-exports, `import()` in code and in types, and workers by `new URL(…)`. */
function importsOf(from: string, text: string): Import[] {
  const source = ts.createSourceFile(from, text, ts.ScriptTarget.Latest, false);
  const found: Import[] = [];
  const add = (node: ts.Node | undefined, typeOnly: boolean): void => {
    if (node !== undefined && ts.isStringLiteralLike(node))
      found.push({ from, specifier: node.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    else if (
      ts.isNewExpression(node) &&
      isName(node.expression, 'URL') &&
      isMetaUrl(node.arguments?.[1])
    )
      add(node.arguments?.[0], false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const isName = (node: ts.Node, name: string): boolean =>
  ts.isIdentifier(node) && node.text === name;

/** `import.meta.url`, the base that makes a relative URL one of a file of ours. */
const isMetaUrl = (node: ts.Node | undefined): boolean =>
  node !== undefined &&
  ts.isPropertyAccessExpression(node) &&
  node.name.text === 'url' &&
  ts.isMetaProperty(node.expression);

/** `import type …`, or `import { type A, type B }`, which is as good where cycles are concerned. */
function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  return (
    clause.name === undefined &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every((element) => element.isTypeOnly)
  );
}

const FILES = filesBelow('src', '.ts');
const TEXTS = new Map(FILES.map((file) => [file, readFileSync(resolve(root, file), 'utf8')]));
const IMPORTS = FILES.flatMap((file) => importsOf(file, TEXTS.get(file)!));

/** The file that a relative specifier names; a built `.js` stands for its source. */
function target({ from, specifier }: Import): string {
  const path = inRoot(resolve(root, dirname(from), specifier));
  return existsSync(resolve(root, path)) ? path : path.replace(/\.js$/, '.ts');
}
const isRelative = ({ specifier }: Import): boolean => specifier.startsWith('.');
const LOCAL = IMPORTS.filter(isRelative).map((row) => ({ ...row, to: target(row) }));

/** Layer of a file of src; `undefined` for the index. */
const layerOf = (file: string): string | undefined => /^src\/([^/]+)\//.exec(file)?.[1];
const shown = ({ from, specifier }: Import): string => `${from} imports ${specifier}`;

describe('the parser of imports', () => {
  test('sees every form', () => {
    const text = `
      import a from './a.ts';
      import type { B } from './b.ts';
      import { type C } from './c.ts';
      import { type D, d } from './d.ts';
      import './e.ts';
      export { f } from './f.ts';
      export type { G } from './g.ts';
      export * from './h.ts';
      type I = import('./i.ts').I;
      const j = await import('./j.ts');
      const k = new URL('./k.js', import.meta.url);
      const no = [new URL('./no.js', base), "import l from './no.ts'"]; // import './no.ts'
    `;
    expect(importsOf('x.ts', text).map((row) => [row.specifier, row.typeOnly])).toEqual([
      ['./a.ts', false],
      ['./b.ts', true],
      ['./c.ts', true],
      ['./d.ts', false],
      ['./e.ts', false],
      ['./f.ts', false],
      ['./g.ts', true],
      ['./h.ts', false],
      ['./i.ts', true],
      ['./j.ts', false],
      ['./k.js', false],
    ]);
  });
});

describe('layers (tools/layers.js)', () => {
  test('every folder of src is a row, and every row a folder', () => {
    const folders = readdirSync(resolve(root, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.sort()).toEqual(Object.keys(layers).sort());
  });

  test('files stand in a layer or a folder named inside one; only the index stands outside', () => {
    const stray = FILES.filter((file) => {
      const inner = subfolders.find((folder) => file.startsWith(`src/${folder}/`));
      const rest = inner === undefined ? file : file.replace(inner, 'layer');
      return !/^src\/([^/]+\/[^/]+|index)\.ts$/.test(rest);
    });
    expect(stray).toEqual([]);
    for (const folder of subfolders)
      expect(FILES.filter((file) => file.startsWith(`src/${folder}/`)).length).toBeGreaterThan(3);
  });

  test('rows name other rows, and none comes round to itself', () => {
    const names = Object.keys(layers);
    for (const [layer, allowed] of Object.entries(layers))
      for (const name of allowed) expect(names, `${layer} may import ${name}`).toContain(name);
    const done = new Set<string>();
    for (let before = -1; done.size > before;) {
      before = done.size;
      for (const [layer, allowed] of Object.entries(layers))
        if (allowed.every((name) => done.has(name))) done.add(layer);
    }
    expect(names.filter((name) => !done.has(name))).toEqual([]);
  });

  test('every import stays in its layer or goes to one that its row allows', () => {
    const wrong = LOCAL.filter(({ from, to }) => {
      const [own, other] = [layerOf(from), layerOf(to)];
      // The index may name anything; nothing may name the index, or leave src.
      if (other === undefined) return true;
      return own !== undefined && own !== other && !layers[own]!.includes(other);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  test('every relative import names a file', () => {
    expect(LOCAL.filter(({ to }) => !existsSync(resolve(root, to))).map(shown)).toEqual([]);
  });

  test(`only src/${HOST_LAYER} imports Node's modules, by their node: names`, () => {
    const builtin = IMPORTS.filter(({ specifier }) => isBuiltin(specifier));
    expect(builtin.filter(({ from }) => layerOf(from) !== HOST_LAYER).map(shown)).toEqual([]);
    expect(builtin.filter(({ specifier }) => !specifier.startsWith('node:')).map(shown)).toEqual(
      [],
    );
    expect(builtin.length).toBeGreaterThan(0);
  });

  test('every package imported is a dependency, and every dependency is imported', () => {
    const { dependencies } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const packages = IMPORTS.filter((row) => !isRelative(row) && !isBuiltin(row.specifier)).map(
      ({ specifier }) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'),
    );
    for (const name of packages) expect(Object.keys(dependencies)).toContain(name);
    // A package may also be resolved by name at run time, as a file that it carries.
    const text = [...TEXTS.values()].join('\n');
    for (const name of Object.keys(dependencies))
      expect(packages.includes(name) || text.includes(`'${name}/`), name).toBe(true);
  });
});

describe('files', () => {
  type Edge = Readonly<Record<'from' | 'to', string>>;

  /** Files from which imports lead back to themselves. */
  function onCycles(edges: readonly Edge[]): string[] {
    const comesRound = (start: string): boolean => {
      const seen = new Set([start]);
      for (const file of seen)
        for (const { from, to } of edges)
          if (from === file) {
            if (to === start) return true;
            seen.add(to);
          }
      return false;
    };
    return [...new Set(edges.map(({ from }) => from))].filter(comesRound).sort();
  }

  test('no two files import each other, directly or in a round', () => {
    expect(
      onCycles([
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
      ]),
    ).toEqual([]);
    expect(
      onCycles(['ab', 'bc', 'cb', 'cd'].map(([from, to]) => ({ from: from!, to: to! }))),
    ).toEqual(['b', 'c']);
    expect(onCycles(LOCAL.filter(({ typeOnly }) => !typeOnly))).toEqual([]);
  });

  test('types refer to each other in mm, as the structs of the kernel do, and hardly elsewhere', () => {
    const files = onCycles(LOCAL);
    expect(files.filter((file) => !/^src\/(mm|fs)\//.test(file))).toEqual([]);
    // A vma knows its mm, an mm its vmas; an open file its mount. Grow this number only for such a pair.
    expect(files.length).toBeLessThanOrEqual(30);
  });

  test('no file is an orphan: each is reached from the index, a command or a command line', () => {
    const tools = filesBelow('tools', '.ts').flatMap((file) =>
      importsOf(file, readFileSync(resolve(root, file), 'utf8'))
        .filter(isRelative)
        .map((row) => target(row)),
    );
    const index = 'src/index.ts';
    const roots = FILES.includes(index)
      ? [index, ...tools]
      : [...FILES.filter((file) => layerOf(file) === 'cli'), ...tools];
    const reached = new Set(roots);
    for (const file of reached)
      for (const { from, to } of LOCAL) if (from === file) reached.add(to);
    expect(FILES.filter((file) => !reached.has(file))).toEqual([]);
  });

  test('no file has more than 450 lines', () => {
    const long = FILES.filter((file) => TEXTS.get(file)!.split('\n').length > 451);
    expect(long).toEqual([]);
  });

  test('every file starts by saying what it is: a comment with prose and @module', () => {
    const wrong = FILES.filter((file) => {
      const comment = /^\/\*\*\n((?: \*.*\n)+?) \*\/\n/.exec(TEXTS.get(file)!)?.[1] ?? '';
      return !/^ \* \S.{20,}/.test(comment) || !/^ \* @module$/m.test(comment);
    });
    expect(wrong).toEqual([]);
  });
});

describe('lint rules reject bad sources, each with what to do instead', () => {
  // The sources are not on disk, so rules that need types are off.
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: resolve(root, 'tools/eslint.config.js'),
    overrideConfig: [
      {
        files: ['**/*.ts'],
        ...tseslint.configs.disableTypeChecked,
        languageOptions: { parserOptions: { project: null, program: null, projectService: false } },
      },
    ] as ESLint.Options['overrideConfig'] & object,
  });
  const messages = async (file: string, text: string): Promise<string[]> => {
    const [result] = await eslint.lintText(text, { filePath: resolve(root, file) });
    return result!.messages.map(({ message }) => message);
  };
  const wall = (layer: string, other: string): string =>
    `'${layer}' must not know '${other}': imports go one way, see tools/layers.js.`;
  const NODE = 'Only src/host talks to Node; take what you need as an argument.';
  const INDEX = 'The public index is for users; import the file that defines the name.';
  const CLOCK = 'Clock, environment and randomness are inputs: take them as arguments.';

  test.each([
    ['mm', "import { MappedDevice as x } from '../mtd/mapped-device.ts';", wall('mm', 'mtd')],
    ['mm', "import type { x } from '../fs/file.ts';", wall('mm', 'fs')],
    ['mtd', "export { x } from '../cost/ledger.ts';", wall('mtd', 'cost')],
    ['base', "import { x } from '../ondisk/mode.ts';", wall('base', 'ondisk')],
    ['cost', "import { x } from '../mtd/parts.ts';", wall('cost', 'mtd')],
    ['sim', "import { x } from '../cost/price.ts';", wall('sim', 'cost')],
    ['fs', "import { x } from 'node:fs';", NODE],
    ['fs', "import { x } from 'node:fs/promises';", NODE],
    ['cli', "import { x } from 'node:path';", NODE],
    ['mkfs', "import { x } from '../index.ts';", INDEX],
    ['mkfs', "import { x } from '../../src/index.ts';", INDEX],
    ['sim', 'const x = Math.random();', 'Randomness is an input: take a seeded generator.'],
    ['sim', 'const x = Date.now();', CLOCK],
    ['cli', 'const x = process.argv;', CLOCK],
    ['mm', 'const x = performance.now();', CLOCK],
    ['mm', 'const x = setTimeout(f, 1);', CLOCK],
    ['mm', 'const x = frame << 12;', "Unexpected use of '<<'."],
    ['ondisk', 'const x = mode & 4095;', "Unexpected use of '&'."],
    ['mm', 'enum x { a }', 'Use a table `as const`.'],
    [
      'mm',
      'const x = assert(ok, `${frame}`);',
      'Give assert a thunk: the text is built only when it fails.',
    ],
  ])('src/%s: %s', async (layer, line, message) => {
    const text =
      line.startsWith('const') || line.startsWith('enum')
        ? `${line}\nexport { x };\n`
        : `${line}\nexport const y = x;\n`;
    const found = await messages(`src/${layer}/made-up.ts`, text);
    expect(found.filter((text_) => text_.includes(message))).toHaveLength(1);
  });

  test.each([
    ['src/fs/made-up.ts', 'imports mm', "import { x } from '../mm/mm.ts';\nexport const y = x;\n"],
    [
      'src/mm/made-up.ts',
      'imports its neighbour',
      "import { x } from './mm.ts';\nexport const y = x;\n",
    ],
    [
      'src/host/made-up.ts',
      'talks to Node',
      "import { x } from 'node:fs';\nexport const y = x + Date.now();\n",
    ],
    [
      'src/cli/made-up.ts',
      'has a file called as a layer',
      "import { x } from './report.ts';\nexport const y = x;\n",
    ],
    ['src/base/bits.ts', 'shifts', 'export const y = (x: number): number => x >>> 12;\n'],
    [
      'tools/made-up.ts',
      'uses the index',
      "import { x } from '../src/index.ts';\nexport const y = x;\n",
    ],
  ])('%s passes: %s', async (file, _what, text) => {
    expect(await messages(file, text)).toEqual([]);
  });
});
