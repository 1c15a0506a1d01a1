/**
 * Statements that say what the machine is, before anything happens on it; and which kernels a script is for.
 *
 * @module
 */
import { FAULT_ROUTES } from '../fs/file.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Arguments } from './arguments.ts';
import { PAGE_KINDS } from './setup.ts';
import type { Setup } from './setup.ts';
import { ColumnError } from './syntax.ts';
import { readChoice, readName } from './values.ts';

/** Reads a file of the host that a script names. @throws AxfsError */
export type ReadHostFile = (name: string) => Uint8Array;

interface SetupCommand {
  readonly usage: string;
  readonly summary: string;
  readonly apply: (args: Arguments, setup: Setup, readFile: ReadHostFile) => void;
}

const LETTERS = Object.keys(PAGE_KINDS).join('');

/** Statements of the set-up by name. */
export const SETUP_COMMANDS = {
  ram: {
    usage: 'ram pages=N [page-tables=yes|no]',
    summary: 'RAM frames from pfn 0 (0x8000), and whether page tables take some (yes)',
    apply: (args, setup) => {
      setup.ramPages = args.number('pages', setup.ramPages, 1);
      setup.pageTables = args.yes('page-tables', setup.pageTables);
    },
  },
  flash: {
    usage: 'flash pfn=N pages=N',
    summary:
      'where flash stands, without struct pages (0x34000, 0x4000 pages); the image lies at its start',
    apply: (args, setup) => {
      setup.flashFirst = args.number('pfn', setup.flashFirst);
      setup.flashPages = args.number('pages', setup.flashPages, 1);
    },
  },
  swap: {
    usage: 'swap slots=N',
    summary: 'a swap device (none)',
    apply: (args, setup) => {
      setup.swapSlots = args.number('slots', 16);
    },
  },
  reclaim: {
    usage: 'reclaim on|off',
    summary: 'whether an allocation that finds no free frame reclaims one (off)',
    apply: (args, setup) => {
      setup.reclaim = readChoice(args.next('on or off'), ['on', 'off']) === 'on';
    },
  },
  'lru-batch': {
    usage: 'lru-batch pages=N',
    summary: 'pages that wait, referenced, before they reach an LRU list (0; Linux has 14 or 15)',
    apply: (args, setup) => {
      setup.lruBatch = args.number('pages', 15);
    },
  },
  route: {
    usage: `route ${FAULT_ROUTES.join('|')}`,
    summary: 'how AXFS gets pages of RAM into page tables (return, as the original driver does)',
    apply: (args, setup) => {
      setup.faultRoute = readChoice(args.next('a route'), FAULT_ROUTES);
    },
  },
  file: {
    usage: `file NAME LETTERS [tail=BYTES]`,
    summary: `a file of an AXFS image, one letter a page, with a count if they are many (x1000c10): ${Object.entries(
      PAGE_KINDS,
    )
      .map(([letter, what]) => `${letter} ${what}`)
      .join(', ')}; the first page executed in place is pfn 0x34001`,
    apply: (args, setup) => {
      const name = readName(args.next('a name'));
      const word = args.next('page letters');
      if (!new RegExp(`^([${LETTERS}][0-9]{0,4})+$`).test(word.text))
        throw new ColumnError(
          word.column,
          `'${word.text}' are no pages, expected letters of ${LETTERS}`,
        );
      const tail = args.number('tail', PAGE_SIZE, 1);
      const pages = word.text.replace(/(.)([0-9]+)/g, (_, letter: string, count: string) =>
        letter.repeat(Number(count)),
      );
      if (pages === '') throw new ColumnError(word.column, `'${word.text}' are no pages`);
      setup.files.push({ name, pages, tail });
    },
  },
  image: {
    usage: 'image FILE',
    summary: 'mounts an image file instead; its files are named by their paths',
    apply: (args, setup, readFile) => {
      const { text } = args.next('a file');
      setup.image = { name: text, bytes: readFile(text) };
    },
  },
} as const satisfies Readonly<Record<string, SetupCommand>>;
