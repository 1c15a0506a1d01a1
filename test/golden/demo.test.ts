/** The demo, end to end, with the packages installed: the same bytes and the same text everywhere. */
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { DEMO, runDemo } from '../../src/cli/demo.ts';
import { readRecipe } from '../../src/cli/recipe.ts';
import { createNodeHost } from '../../src/host/node-host.ts';
import type { Host } from '../../src/host/host.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { humanCount } from '../../src/report/sizes.ts';
import { verdict } from '../../src/report/comparison.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import { ReferenceReader } from '../support/reference-reader.ts';
import { ROOT, demoTraceText, demoTree, testZlib } from '../support/demo.ts';
import { recountTrace } from '../support/recount.ts';
import { sha256 } from '../support/sample-data.ts';

const IMAGE_SHA256 = 'ce6b595c06d625f082e2e13676488df35dfa8bda0818124ed95c04d3f0cdda52';

/** This machine, with directories listed in another order, a clock that jumps, and output kept. */
function recordingHost(order: (names: readonly string[]) => readonly string[]): {
  readonly host: Host;
  readonly output: { out: string; err: string };
} {
  const host = createNodeHost();
  const output = { out: '', err: '' };
  let time = 0;
  return {
    output,
    host: {
      ...host,
      now: () => (time += 400),
      files: {
        ...host.files,
        readdir: (path) => order(host.files.readdir(path)) as ReturnType<Host['files']['readdir']>,
      },
      terminal: {
        ...host.terminal,
        out: (data) => {
          output.out += typeof data === 'string' ? data : new TextDecoder().decode(data);
        },
        err: (text) => {
          output.err += text;
        },
        errIsTty: false,
      },
    },
  };
}

const ORDERS = {
  ascending: (names: readonly string[]) => [...names].sort(),
  descending: (names: readonly string[]) => [...names].sort().reverse(),
  shuffled: (names: readonly string[]) =>
    [...names].sort((a, b) => (a.length - b.length) * 1000 + (a < b ? -1 : 1)),
} as const;

describe('the demo’s image', () => {
  it.each(Object.keys(ORDERS) as (keyof typeof ORDERS)[])(
    'has the recorded SHA-256 with names in %s order',
    async (name) => {
      const { host } = recordingHost(ORDERS[name]);
      const tree = readRecipe(
        host,
        fromText(resolve(ROOT, DEMO.recipe)),
        fromText(resolve(ROOT, DEMO.packages)),
      );
      const image = await buildImage(tree, { compressor: testZlib().compressor });
      expect(await sha256(image.toBytes())).toBe(IMAGE_SHA256);
    },
  );

  it('holds the recipe’s tree, read back by other means', async () => {
    const image = await buildImage(demoTree(), { compressor: testZlib().compressor });
    const tree = new ReferenceReader(image.toBytes()).tree();
    const program = tree.entries.get(fromText('7za'));
    expect(program?.type === 'file' && program.content instanceof Uint8Array).toBe(true);
    if (program?.type !== 'file' || !(program.content instanceof Uint8Array)) return;
    expect(program.mode).toBe(0o755);
    expect(await sha256(program.content)).toBe(
      '3a68d5c794bb8534040f3f93480a7fe8194bf5ed8e0d3e2ac0de4dea9677a64c',
    );
  });
});

describe('the demo', () => {
  let first: { out: string; err: string };
  beforeAll(async () => {
    const { host, output } = recordingHost(ORDERS.ascending);
    expect(await runDemo(host, fromText(ROOT))).toBe(0);
    first = output;
  });

  it('prints the recorded text', async () => {
    await expect(first.out).toMatchFileSnapshot(resolve(ROOT, 'images/golden/demo.txt'));
    expect(first.out).toContain(`SHA-256 ${IMAGE_SHA256}\n`);
    expect(first.err).toMatch(/^\(\d+\.\d s\)\n$/);
  });

  it('prints it whatever the order of the host’s directories', async () => {
    const { host, output } = recordingHost(ORDERS.descending);
    expect(await runDemo(host, fromText(ROOT))).toBe(0);
    expect(output.out).toBe(first.out);
  });

  it('prints the faults that the trace alone demands', () => {
    const all = recountTrace(demoTraceText(), () => true, 'insert');
    const none = recountTrace(demoTraceText(), () => false, 'insert');
    const rows = first.out.split('\n').map((line) => line.trim().split(/ {2,}/));
    const faults = rows.filter(
      ([, total]) => total === String(all.faults).replace(/\B(?=(\d{3})+$)/g, ','),
    );
    expect(faults.map(([design]) => design)).toEqual(['none', 'profile', 'files', 'elf', 'all']);
    expect(none.faults).toBe(all.faults);
    const trace = parseTrace(new TextEncoder().encode(demoTraceText()), 'trace');
    expect(first.out).toContain(`${DEMO.trace}, ${humanCount(trace.lines.length)} lines\n`);
  });

  it('ends with one line when something is missing', async () => {
    const { host, output } = recordingHost(ORDERS.ascending);
    expect(await runDemo(host, fromText('/nonexistent'))).toBe(8);
    expect(output.out).toBe('');
    expect(output.err).toMatch(/^demo: [^\n]*\/nonexistent\/images\/recipes\/demo\.json[^\n]*\n$/);
  });
});

it('has nothing to say of nothing', () => {
  expect(verdict({ designs: [] } as never)).toBe('There is nothing to compare.');
});
