/**
 * What each kind of fault does: a model a fault, made from its row of the plan. A model sees every operation
 * of the cells, whether it fires or another one does, so that its count of them is the world's.
 *
 * @module
 */
import type { Random } from '../../base/random.ts';
import type { Damage } from './damage.ts';
import { blockAt, blockOf, blocksIn } from './geometry.ts';
import type { BlockGeometry, EraseBlock } from './geometry.ts';
import type { FlashFault, FlashFaultKind, FlashFaultOf } from './kinds.ts';
import type { Torn } from './tear.ts';

/** A read that is going on. */
export interface ReadOperation {
  readonly offset: number;
  readonly length: number;
  /** Bits of the device that come out wrong this time. */
  readonly flips: Set<number>;
  delayNanoseconds: number;
  fail(what: string): void;
}

/** A program or an erase that is going on. */
export interface ChangeOperation {
  readonly type: 'program' | 'erase';
  readonly offset: number;
  readonly length: number;
  fail(what: string): void;
}

/** What a model has to work with. */
export interface FaultWorld {
  readonly geometry: BlockGeometry;
  readonly damage: Damage;
  /** Chance that depends on plan, fault and `seeds` alone. */
  readonly random: (...seeds: readonly number[]) => Random;
  /** Counts what was injected. */
  readonly inject: (count?: number) => void;
}

/** A fault at work. */
export interface FaultModel {
  read?(operation: ReadOperation): void;
  change?(operation: ChangeOperation): void;
  /** Any program or erase, of spare areas, too: how much of it gets done before power goes; undefined: it stays. */
  power?(): Torn | undefined;
}

interface Span {
  readonly offset: number;
  readonly length: number;
}

const touches = (a: Span, b: Span): boolean =>
  a.offset < b.offset + b.length && b.offset < a.offset + a.length;

/** Bytes that `from` of the first to the end of the second have in common. */
const common = (a: Span, b: Span): Span => {
  const offset = Math.max(a.offset, b.offset);
  return { offset, length: Math.min(a.offset + a.length, b.offset + b.length) - offset };
};

const rangeOf = ({ offset = 0, length = Infinity }: Partial<Span>): Span => ({ offset, length });

/** Bits of a range, each taken with probability `rate`. */
function* someBits({ offset, length }: Span, rate: number, random: Random): Generator<number> {
  const end = 8 * (offset + length);
  for (let bit = 8 * offset + random.gap(rate); bit < end; bit += 1 + random.gap(rate)) yield bit;
}

/** @throws AxfsError EINVAL for a page that the device has not got. */
function pageSpan(geometry: BlockGeometry, page: number): Span {
  const { writesize } = geometry;
  const offset = page * writesize;
  blockAt(geometry, offset);
  return { offset, length: writesize };
}

const spanOf = ({ offset, erasesize }: EraseBlock): Span => ({ offset, length: erasesize });

/** For reads in a range: says of each whether it is the one meant. */
function readTrigger(
  fault: { readonly nth?: number; readonly every?: number; readonly rate?: number },
  world: FaultWorld,
): () => boolean {
  const { nth, every, rate } = fault;
  let reads = 0;
  return () => {
    reads += 1;
    if (nth !== undefined) return reads === nth;
    if (every !== undefined) return reads % every === 0;
    return world.random(reads).chance(rate ?? 0);
  };
}

type ModelMakers = {
  readonly [K in FlashFaultKind]: (fault: FlashFaultOf<K>, world: FaultWorld) => FaultModel;
};

const MODELS: ModelMakers = {
  read_error: (fault, world) => {
    const isMeant = readTrigger(fault, world);
    return {
      read: (operation) => {
        if (!touches(rangeOf(fault), operation) || !isMeant()) return;
        world.inject();
        operation.fail('read failed');
      },
    };
  },
  bit_flips: (fault, world) => {
    let reads = 0;
    return {
      read: (operation) => {
        if (!touches(rangeOf(fault), operation)) return;
        reads += 1;
        const span = common(rangeOf(fault), operation);
        for (const bit of someBits(span, fault.rate, world.random(reads))) {
          world.inject();
          turnOver(operation.flips, bit);
        }
      },
    };
  },
  cell: ({ offset, bit }, { damage, inject }) => {
    damage.flip(8 * offset + bit);
    inject();
    return {};
  },
  stuck_bit: ({ offset, bit, value }, { damage, inject }) => {
    damage.stick(8 * offset + bit, value);
    inject();
    return {};
  },
  read_disturb: readDisturb,
  retention: ({ days, rate }, world) => {
    // The chance that a bit has turned over on one of the days.
    const turned = 1 - (1 - rate) ** days;
    world.damage.onFirstLook((block) => {
      for (const bit of someBits(spanOf(block), turned, world.random(block.number))) {
        world.damage.flip(bit);
        world.inject();
      }
    });
    return {};
  },
  bad_block: ({ block, origin, operation: failing = 'any', nth = 1 }, world) => {
    const span = spanOf(blockOf(world.geometry, block));
    let operations = 0;
    return {
      change: (operation) => {
        if (!touches(span, operation)) return;
        if (failing !== 'any' && failing !== operation.type) return;
        operations += 1;
        if (operations < nth) return;
        world.inject();
        operation.fail(`${operation.type} failed: block ${String(block)} is bad (${origin})`);
      },
    };
  },
  weak_page: ({ page, programs }, world) => {
    const span = pageSpan(world.geometry, page);
    let done = 0;
    return {
      change: (operation) => {
        if (operation.type !== 'program' || !touches(span, operation)) return;
        done += 1;
        if (done <= programs) return;
        world.inject();
        operation.fail(`program failed: page ${String(page)} was programmed too often`);
      },
    };
  },
  grave_page: ({ page, reads }, world) => {
    const span = pageSpan(world.geometry, page);
    let done = 0;
    return {
      read: (operation) => {
        if (!touches(span, operation)) return;
        done += 1;
        if (done <= reads) return;
        world.inject();
        // As nandsim: the bytes are noise, so that half the bits are wrong and no ECC helps.
        for (const bit of someBits(common(span, operation), 0.5, world.random(done)))
          turnOver(operation.flips, bit);
      },
    };
  },
  weak_block: ({ block, erases }, world) => {
    const span = spanOf(blockOf(world.geometry, block));
    let done = 0;
    return {
      change: (operation) => {
        if (operation.type !== 'erase' || !touches(span, operation)) return;
        done += 1;
        if (done <= erases) return;
        world.inject();
        operation.fail(`erase failed: block ${String(block)} was erased too often`);
      },
    };
  },
  power_loss: ({ nth, torn = 'part' }, world) => {
    let operations = 0;
    return {
      power: () => {
        operations += 1;
        if (operations !== nth) return undefined;
        world.inject();
        return torn;
      },
    };
  },
  slow_read: (fault, world) => {
    const isMeant = readTrigger(fault, world);
    return {
      read: (operation) => {
        if (!touches(rangeOf(fault), operation) || !isMeant()) return;
        world.inject();
        operation.delayNanoseconds += fault.nanoseconds;
      },
    };
  },
  bus_error: (fault, world) => ({
    read: (operation) => {
      if (!touches(fault, operation)) return;
      world.inject();
      operation.fail('bus error');
    },
  }),
};

function turnOver(flips: Set<number>, bit: number): void {
  if (!flips.delete(bit)) flips.add(bit);
}

function readDisturb(fault: FlashFaultOf<'read_disturb'>, world: FaultWorld): FaultModel {
  /** Reads of each block since it was erased, and flips that it has ever had. */
  const counts = new Map<number, { reads: number; flips: number }>();
  const isMeant = ({ number }: EraseBlock): boolean =>
    fault.block === undefined || fault.block === number;
  return {
    read: ({ offset, length }) => {
      for (const block of blocksIn(world.geometry, offset, length)) {
        if (!isMeant(block)) continue;
        const count = counts.get(block.number) ?? { reads: 0, flips: 0 };
        counts.set(block.number, count);
        count.reads += 1;
        const beyond = count.reads - fault.reads;
        if (beyond < 0 || beyond % fault.every !== 0) continue;
        count.flips += 1;
        const random = world.random(block.number, count.flips);
        const byte = block.offset + random.below(block.erasesize);
        world.damage.flip(8 * byte + random.below(8));
        world.inject();
      }
    },
    change: ({ type, offset, length }) => {
      if (type !== 'erase') return;
      for (const { number } of blocksIn(world.geometry, offset, length)) {
        const count = counts.get(number);
        if (count !== undefined) count.reads = 0;
      }
    },
  };
}

/** The model of a fault. @throws AxfsError EINVAL for a place that the device has not got. */
export const faultModel = (fault: FlashFault, world: FaultWorld): FaultModel =>
  // The row for a kind takes faults of that kind: what the compiler cannot tell for a union.
  (MODELS[fault.kind] as (fault: FlashFault, world: FaultWorld) => FaultModel)(fault, world);
