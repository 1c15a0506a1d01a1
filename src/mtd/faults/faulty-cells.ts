/**
 * Cells that misbehave as a plan says. Whatever is below stays what was programmed; what has become of it is
 * kept here, so that ECC sees which bits are wrong and a device without ECC gives them out.
 *
 * Equal plans over equal cells do the same to equal operations. A reboot is {@link FaultyCells.restore}: the
 * damage stays, and operations are counted on. New FaultyCells over the same cells are a new chip with the
 * same contents.
 *
 * @module
 */
import { zeros } from '../../base/counts.ts';
import { AxfsError } from '../../base/errno.ts';
import { createRandom } from '../../base/random.ts';
import { flipBit } from '../cell-bits.ts';
import type { CellRead, FlashCells } from '../cells.ts';
import type { MtdInfo } from '../device.ts';
import { Damage } from './damage.ts';
import { blockOf } from './geometry.ts';
import type { BlockGeometry } from './geometry.ts';
import { FLASH_FAULT_KINDS } from './kinds.ts';
import type { FaultPlan, FlashFaultKind } from './kinds.ts';
import { faultModel } from './models.ts';
import type { ChangeOperation, FaultModel } from './models.ts';
import { PowerLoss } from './power-loss.ts';
import type { TornOperation } from './power-loss.ts';
import { tearErase, tornProgram } from './tear.ts';
import type { Torn } from './tear.ts';

/** Operations since the start of the plan, those that failed with them. */
export interface CellOperations {
  readonly reads: number;
  readonly programs: number;
  readonly erases: number;
}

/** First spare byte of a bad block, as its maker leaves it. */
const BAD_MARK = Uint8Array.of(0);
/** Seed of what is torn: no fault of a plan has this number. */
const TORN_SEED = 2 ** 40;

/** Cells under a fault plan. */
export class FaultyCells implements FlashCells {
  readonly size: number;
  readonly plan: FaultPlan;
  /** How often each kind has struck; FLASH_FAULTS says what is counted. */
  readonly injected: Readonly<Record<FlashFaultKind, number>>;
  readonly #base: FlashCells;
  readonly #geometry: BlockGeometry;
  readonly #damage: Damage;
  readonly #models: readonly FaultModel[];
  readonly #operations = { reads: 0, programs: 0, erases: 0 };
  #isPowered = true;

  /** @throws AxfsError EINVAL for a fault at a place that the device has not got. */
  constructor(base: FlashCells, plan: FaultPlan, geometry: BlockGeometry) {
    this.size = base.size;
    this.plan = plan;
    this.#base = base;
    this.#geometry = geometry;
    this.#damage = new Damage(geometry);
    const injected = zeros(FLASH_FAULT_KINDS);
    this.injected = injected;
    this.#models = plan.faults.map((fault, index) =>
      faultModel(fault, {
        geometry,
        damage: this.#damage,
        random: (...seeds) => createRandom(plan.seed, index, ...seeds),
        inject: (count = 1) => {
          injected[fault.kind] += count;
        },
      }),
    );
  }

  get operations(): CellOperations {
    return { ...this.#operations };
  }

  /** False from a power loss to {@link restore}. */
  get isPowered(): boolean {
    return this.#isPowered;
  }

  /** Power is back. */
  restore(): void {
    this.#isPowered = true;
  }

  read(offset: number, length: number): CellRead {
    this.#checkPower('read', offset);
    this.#operations.reads += 1;
    let failure: string | undefined;
    const operation = {
      offset,
      length,
      flips: new Set<number>(),
      delayNanoseconds: 0,
      fail: (what: string): void => {
        failure ??= what;
      },
    };
    for (const model of this.#models) model.read?.(operation);
    if (failure !== undefined) throw this.#failed(failure, offset, length);
    const { bytes, flips, delayNanoseconds } = this.#base.read(offset, length);
    const own = this.#damage.flips(offset, bytes);
    for (const bit of operation.flips)
      if (!this.#damage.isStuck(bit) && !own.delete(bit)) own.add(bit);
    const delay = delayNanoseconds + operation.delayNanoseconds;
    if (own.size === 0) return { bytes, flips, delayNanoseconds: delay };
    const turned = turnedBits(own, offset);
    return {
      bytes: withTurned(bytes, turned),
      flips: turned.length === 0 ? flips : differing(flips, turned),
      delayNanoseconds: delay,
    };
  }

  view(offset: number, length: number): Uint8Array {
    const bytes = this.#base.view(offset, length);
    const flips = this.#damage.flips(offset, bytes);
    return flips.size === 0 ? bytes : withTurned(bytes, turnedBits(flips, offset));
  }

  program(offset: number, bytes: Uint8Array): void {
    this.#change('program', offset, bytes.length, (torn) => {
      const done = torn === undefined ? bytes : tornProgram(bytes, torn, this.#tornRandom());
      this.#damage.program(offset, done);
      this.#base.program(offset, done);
    });
  }

  erase(offset: number, length: number): void {
    this.#change('erase', offset, length, (torn) => {
      if (torn === undefined) {
        this.#damage.erase(offset, length);
        this.#base.erase(offset, length);
      } else {
        if (torn === 'all') this.#damage.erase(offset, length);
        tearErase(this.#base, { offset, length }, torn, this.#tornRandom());
      }
    });
  }

  /**
   * Spare areas of the same device, over cells of their own: power goes away for both, and programs of both
   * are counted; blocks that a plan calls factory-bad are marked. Faults of cells are not theirs.
   */
  spare(base: FlashCells, { oobsize }: Pick<MtdInfo, 'oobsize'>): FlashCells {
    for (const fault of this.plan.faults)
      if (fault.kind === 'bad_block' && fault.origin === 'factory') {
        const { offset } = blockOf(this.#geometry, fault.block);
        base.program((offset / this.#geometry.writesize) * oobsize, BAD_MARK);
      }
    return {
      size: base.size,
      view: (offset, length) => base.view(offset, length),
      read: (offset, length) => {
        this.#checkPower('read of a spare area', offset);
        return base.read(offset, length);
      },
      program: (offset, bytes) => {
        this.#checkPower('program of a spare area', offset);
        this.#operations.programs += 1;
        const torn = this.#powerTear();
        if (torn === undefined) base.program(offset, bytes);
        else {
          base.program(offset, tornProgram(bytes, torn, this.#tornRandom()));
          this.#losePower('program', `${String(bytes.length)} spare bytes at ${String(offset)}`);
        }
      },
      // Part of the erase of its block, which has been counted.
      erase: (offset, length) => {
        this.#checkPower('erase of spare areas', offset);
        base.erase(offset, length);
      },
    };
  }

  /** One program or erase: `apply` does it, torn or whole. */
  #change(
    type: 'program' | 'erase',
    offset: number,
    length: number,
    apply: (torn?: Torn) => void,
  ): void {
    this.#checkPower(type, offset);
    this.#operations[type === 'erase' ? 'erases' : 'programs'] += 1;
    let failure: string | undefined;
    const operation: ChangeOperation = {
      type,
      offset,
      length,
      fail: (what) => {
        failure ??= what;
      },
    };
    const torn = this.#powerTear();
    for (const model of this.#models) model.change?.(operation);
    if (torn !== undefined) {
      apply(torn);
      this.#losePower(type, `${String(length)} bytes at ${String(offset)}`);
    }
    // What a device leaves that gives up is anybody's guess.
    apply(failure === undefined ? undefined : 'part');
    if (failure !== undefined) throw this.#failed(failure, offset, length);
  }

  /** How much of the operation gets done before power goes; undefined: it stays. */
  #powerTear(): Torn | undefined {
    let torn: Torn | undefined;
    for (const model of this.#models) torn = model.power?.() ?? torn;
    return torn;
  }

  #losePower(type: TornOperation, what: string): never {
    this.#isPowered = false;
    const { programs, erases } = this.#operations;
    throw new PowerLoss(
      `${this.#geometry.name}: power lost during ${type} of ${what}, operation ${String(programs + erases)}`,
      type,
    );
  }

  #tornRandom(): ReturnType<typeof createRandom> {
    const { programs, erases } = this.#operations;
    return createRandom(this.plan.seed, TORN_SEED, programs + erases);
  }

  #checkPower(type: string, offset: number): void {
    if (!this.#isPowered)
      throw new PowerLoss(`${this.#geometry.name}: ${type} at ${String(offset)} without power`);
  }

  #failed(what: string, offset: number, length: number): AxfsError {
    return new AxfsError(
      'EIO',
      `${this.#geometry.name}: ${what}, ${String(length)} bytes at ${String(offset)}`,
    );
  }
}

/** Bits of the device as bits of a read at `offset`, ascending. */
const turnedBits = (bits: ReadonlySet<number>, offset: number): readonly number[] =>
  [...bits].map((bit) => bit - 8 * offset).sort((a, b) => a - b);

function withTurned(bytes: Uint8Array, bits: readonly number[]): Uint8Array {
  const copy = bytes.slice();
  for (const bit of bits) flipBit(copy, bit);
  return copy;
}

/** Bits in one of both lists: turned twice is right again. */
function differing(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === 0) return b;
  const only = new Set(a);
  for (const bit of b) if (!only.delete(bit)) only.add(bit);
  return [...only].sort((x, y) => x - y);
}
