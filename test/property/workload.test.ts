import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteStringOf } from '../../src/base/bytestring.ts';
import { createRandom } from '../../src/base/random.ts';
import { AxfsError } from '../../src/base/errno.ts';
import { ACCESS_SETS } from '../../src/workload/access.ts';
import { interleavingOf, sequenceOf } from '../../src/workload/combine.ts';
import { TRACE_FORMAT_NAMES, importTrace } from '../../src/workload/formats/formats.ts';
import { formatTrace } from '../../src/workload/format.ts';
import { parsePathMap } from '../../src/workload/path-map.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import type { Trace, TraceLine } from '../../src/workload/trace.ts';
import { sample } from '../unit/workload/samples/read.ts';

const SEED = { seed: 20_240_611 };

const paths = fc
  .string({
    unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)),
    minLength: 1,
    maxLength: 12,
  })
  .filter((path) => !path.includes('\n'))
  .map(byteStringOf);
const runs = fc.array(
  fc
    .tuple(fc.nat(127), fc.nat(127), fc.integer({ min: 1, max: 99 }))
    .map(([a, b, times]) => ({ first: Math.min(a, b), last: Math.max(a, b), times })),
  { minLength: 1, maxLength: 4 },
);
const line = fc.record({
  pid: fc.nat(20),
  epoch: fc.nat(1000),
  path: paths,
  page: fc.nat(2 ** 31 - 1),
  accesses: fc.constantFrom(...ACCESS_SETS.values()),
  more: fc.nat(1e6),
});
const toLine = (
  { more, ...rest }: typeof line extends fc.Arbitrary<infer T> ? T : never,
  i: number,
): TraceLine => ({
  ...rest,
  count: rest.accesses.length + more,
  line: i + 2,
});
const traces = fc
  .array(line, { minLength: 1, maxLength: 30 })
  .map((lines): Trace => ({ name: 't', lines: lines.map(toLine) }));

describe('traces', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(traces, (trace) => {
        expect(parseTrace(formatTrace(trace), 't')).toEqual(trace);
      }),
      SEED,
    );
  });

  it('with addresses, too; comments move lines down and change nothing else', () => {
    fc.assert(
      fc.property(traces, runs, fc.array(fc.string(), { maxLength: 3 }), (trace, all, comments) => {
        const lines = trace.lines.map((one) => ({ ...one, runs: all }));
        const moved = lines.map((one) => ({ ...one, line: one.line + comments.length }));
        expect(parseTrace(formatTrace({ lines }, comments), 't').lines).toEqual(moved);
      }),
      SEED,
    );
  });

  it('keep their lines when they are combined, in order within each run', () => {
    const bare = ({ lines }: Trace): unknown[] =>
      lines.map(({ path, page, accesses, count }) => [path, page, accesses, count]);
    fc.assert(
      fc.property(traces, traces, fc.integer({ min: 1, max: 4 }), fc.nat(), (a, b, times, seed) => {
        const parts = [
          { trace: a, times },
          { trace: b, times: 1 },
        ];
        const whole = sequenceOf(parts);
        expect(bare(whole)).toEqual([
          ...Array.from({ length: times }, () => bare(a)).flat(),
          ...bare(b),
        ]);
        const pidsOfA = new Set(a.lines.map(({ pid }) => pid)).size;
        const pidsOfB = new Set(b.lines.map(({ pid }) => pid)).size;
        for (const random of [undefined, createRandom(seed)]) {
          const mixed = interleavingOf(parts, random);
          const pids = new Set(mixed.lines.map(({ pid }) => pid));
          expect(pids).toEqual(new Set(whole.lines.map(({ pid }) => pid)));
          expect(pids.size).toBe(pidsOfA * times + pidsOfB);
          // Each run has its lines in its own order.
          const lastRun = mixed.lines.filter(({ pid }) => pid > pidsOfA * times);
          expect(bare({ name: 'b', lines: lastRun })).toEqual(bare(b));
          expect(mixed.lines).toHaveLength(whole.lines.length);
        }
      }),
      SEED,
    );
  });
});

describe('importers', () => {
  const NAMES = [
    ...['perf-page-faults.txt', 'perf-callchain.txt', 'perf-tracepoint.txt', 'ftrace-old.txt'],
    ...[
      'ftrace-new.txt',
      'perf-filemap.txt',
      'fincore.txt',
      'fincore.json',
      'vmtouch.txt',
      'driver.csv',
    ],
  ];
  const pathMap = parsePathMap(sample('paths.txt'), 'paths.txt');

  it('read damaged input or refuse it with its name: nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NAMES),
        fc.option(fc.constantFrom(...TRACE_FORMAT_NAMES)),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        (name, format, changes) => {
          const bytes = sample(name);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          try {
            const { trace } = importTrace(bytes, 'in.txt', {
              pathMap,
              ...(format === null ? {} : { format }),
            });
            expect(parseTrace(formatTrace(trace), 't').lines).toHaveLength(trace.lines.length);
          } catch (error) {
            expect(error).toBeInstanceOf(AxfsError);
            expect((error as AxfsError).message).toMatch(/in\.txt|a trace holds no/);
          }
        },
      ),
      { ...SEED, numRuns: 400 },
    );
  });
});
