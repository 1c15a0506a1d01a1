/**
 * The demo's root file system on NOR and on NAND, mounted, replayed and read through with one read of the flash
 * failing, again and again for a fixed time: AXFS_SWEEP_SECONDS, 90 by default, all reads with `full`. Of the
 * trace, the first lines are replayed: they reach every kind of page (asserted). Needs no reference data.
 *
 * @module
 */
import { expect, it } from 'vitest';
import { toText } from '../../src/base/bytestring.ts';
import { AxfsVolume } from '../../src/fs/volume.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { sweepReads } from '../../src/mtd/faults/sweep.ts';
import { partNamed } from '../../src/mtd/parts.ts';
import { createRamDevice } from '../../src/mtd/ram.ts';
import { profileFromTrace } from '../../src/sim/profile.ts';
import type { Trace } from '../../src/workload/trace.ts';
import { demoTrace, demoTree, testZlib } from '../support/demo.ts';
import { flashScenario } from '../support/fault-scenario.ts';

const WANTED = process.env['AXFS_SWEEP_SECONDS'] ?? '90';
const SECONDS = WANTED === 'full' ? Infinity : Number(WANTED);
/** Lines of the trace that are replayed. */
const PREFIX = 150;
/** Files that are read through at the end: small ones, and at most so many. */
const FILE_BYTES = 40_000;
const FILES = 12;
/** Cases of a round; rounds differ in where they start. */
const CASES_A_ROUND = 25;
const PARTS = ['p30', 'slc-onfi'] as const;

const whole = demoTrace();
const trace: Trace = { ...whole, lines: whole.lines.slice(0, PREFIX) };
const { compressor, inflater } = testZlib();
const tree = demoTree();
const volumeOf = (image: Uint8Array): AxfsVolume =>
  new AxfsVolume(createRamDevice('demo', memoryContents(image)), { name: 'demo', inflater });
const none = volumeOf((await buildImage(tree, { compressor })).toBytes());
const image = (
  await buildImage(tree, {
    xip: { kind: 'profile', profile: profileFromTrace(whole, none) },
    compressor,
  })
).toBytes();

const files = new Map<string, Uint8Array>();
const links = new Map<string, string>();
for (const { path, inode } of volumeOf(image).walk()) {
  if (inode.type === 'symlink')
    links.set(toText(path), toText(none.readlink(none.resolve(path, false))));
  if (inode.type !== 'file' || inode.size > FILE_BYTES || files.size >= FILES) continue;
  const content = new Uint8Array(inode.size);
  none.read(none.resolve(path), 0, content);
  files.set(toText(path), content);
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** A step near the golden section of `stride` that comes to each number below it once: rounds spread. */
function spreadOf(stride: number): number {
  let step = Math.max(1, Math.round(stride * 0.618));
  while (gcd(step, stride) !== 1) step += 1;
  return step;
}

it.each(PARTS)(
  '%s: a failed read never delivers a byte, no counter lies, nothing hangs',
  (name) => {
    const scenario = flashScenario({
      image,
      part: partNamed(name),
      inflater,
      files,
      links,
      trace,
    });
    const end = performance.now() + (SECONDS * 1000) / PARTS.length;
    const { operations } = sweepReads(scenario, { budget: { cases: 0 } });
    const stride = Math.max(1, Math.floor(operations / CASES_A_ROUND));
    const sum = { cases: 0, right: 0, refused: 0, struck: 0 };
    for (let round = 0; round < stride && performance.now() < end; round += 1) {
      const from = 1 + ((round * spreadOf(stride)) % stride);
      const report = sweepReads(scenario, { from, stride });
      expect(report.failures).toEqual([]);
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += report[key];
    }
    console.log(
      `${name}: ${String(operations)} reads, ${String(sum.cases)} failed one by one: ${String(sum.refused)} refused, ${String(sum.right)} without effect`,
    );
    expect(sum.struck).toBe(sum.cases);
    expect(sum.cases).toBeGreaterThanOrEqual(Math.min(100, operations));
  },
);

it('the lines replayed reach pages in place, compressed and byte-aligned, read and written', () => {
  const volume = volumeOf(image);
  const kinds = new Set<string>();
  for (const { path, page, accesses } of trace.lines) {
    const type = volume.nodes.type(volume.resolve(path).arrayIndex + page);
    for (const access of accesses) kinds.add(`${String(type)} ${access === 'write' ? 'w' : 'r'}`);
  }
  expect([...kinds].sort()).toEqual(expect.arrayContaining(['0 r', '1 r', '1 w']));
});
