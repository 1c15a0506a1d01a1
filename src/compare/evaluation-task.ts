/**
 * One evaluation as data: what a thread is given, and what it makes of it. Nothing here is shared, so where it
 * runs cannot be seen in its result.
 *
 * @module
 */
import type { CodecName } from '../codec/codecs.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { DesignResult } from '../cost/comparison.ts';
import type { Trace } from '../workload/trace.ts';
import { evaluate, machinePrices } from './evaluate.ts';
import type { MachineSpec, RunnableImage } from './evaluate.ts';

/** An image to be run under a trace on a machine. Plain data: it can be sent to another thread. */
export interface EvaluationTask {
  readonly image: RunnableImage;
  /** Default: zlib. */
  readonly codec?: CodecName;
  readonly trace: Trace;
  readonly machine: MachineSpec;
}

/** Evaluates, here or elsewhere. */
export interface Evaluator {
  /** Tasks that keep it busy, at least 1. */
  readonly parallelism: number;
  /** @throws AxfsError as {@link evaluate}. */
  evaluate(task: EvaluationTask): Promise<DesignResult>;
}

/** Runs a task. @throws AxfsError as {@link evaluate}. */
export const runEvaluation = (
  { image, codec, trace, machine }: EvaluationTask,
  inflaterFor: (codec: CodecName | undefined) => Inflater,
): DesignResult =>
  evaluate(image, trace, machine, {
    prices: machinePrices(machine),
    inflater: inflaterFor(codec),
  });

/** Evaluates in the calling thread. */
export const inlineEvaluator = (
  inflaterFor: (codec: CodecName | undefined) => Inflater,
): Evaluator => ({
  parallelism: 1,
  evaluate: (task) => Promise.resolve().then(() => runEvaluation(task, inflaterFor)),
});
