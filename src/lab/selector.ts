/**
 * Which kernels a statement is for: `[2.6.28-arm 4.9-arm]` names them, `[>=4.9]` and `[<4.9]` compare versions,
 * `[arm]`, `[x86]`, `[sp]`, `[nsp]`, `[debug]`, `[nodebug]` ask for a property. Names are alternatives, the
 * others have to hold all.
 *
 * @module
 */
import { isKernelName } from '../mm/kernel.ts';
import type { KernelPreset } from '../mm/kernel.ts';
import { ColumnError } from './syntax.ts';
import type { Word } from './syntax.ts';

/** The kernel that a script runs on. */
export interface LabKernel {
  readonly preset: KernelPreset;
  readonly debugVm: boolean;
}

const PROPERTIES: Readonly<Record<string, (kernel: LabKernel) => boolean>> = {
  arm: ({ preset }) => preset.softwareYoung,
  x86: ({ preset }) => !preset.softwareYoung,
  sp: ({ preset }) => preset.pteSpecial,
  nsp: ({ preset }) => !preset.pteSpecial,
  debug: ({ debugVm }) => debugVm,
  nodebug: ({ debugVm }) => !debugVm,
};

const COMPARISON = /^(<=|>=|<|>)([0-9]+(?:\.[0-9]+)*)$/;

/** Compares versions, number by number: negative, 0 or positive. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i += 1) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Version of a kernel: its name up to the architecture. */
export const versionOf = ({ name }: KernelPreset): string => name.split(/[-+]/)[0] ?? name;

const HOLDS: Readonly<Record<string, (difference: number) => boolean>> = {
  '<=': (difference) => difference <= 0,
  '>=': (difference) => difference >= 0,
  '<': (difference) => difference < 0,
  '>': (difference) => difference > 0,
};

/**
 * True when the selectors are empty or choose this kernel.
 *
 * @throws ColumnError for a word that is no selector.
 */
export function isSelected(selectors: readonly Word[], kernel: LabKernel): boolean {
  const names: string[] = [];
  let holds = true;
  for (const { text, column } of selectors) {
    const comparison = COMPARISON.exec(text);
    const property = PROPERTIES[text];
    if (property !== undefined) holds &&= property(kernel);
    else if (comparison !== null) {
      const [, sign = '', version = ''] = comparison;
      holds &&= HOLDS[sign]?.(compareVersions(versionOf(kernel.preset), version)) ?? false;
    } else if (isKernelName(text)) names.push(text);
    else
      throw new ColumnError(
        column,
        `'${text}' chooses no kernel, expected a preset, >=VERSION, or one of ${Object.keys(PROPERTIES).join(', ')}`,
      );
  }
  const [base] = kernel.preset.name.split('+');
  return holds && (names.length === 0 || names.includes(base ?? ''));
}
