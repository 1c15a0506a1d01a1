/**
 * Fault plans as JSON text: `{"seed": 7, "faults": [{"kind": "read_error", "nth": 3}]}`.
 *
 * @module
 */
import { AxfsError } from '../../base/errno.ts';
import { isJsonObject, shownJson } from '../../base/json.ts';
import { FLASH_FAULTS, FLASH_FAULT_KINDS, isFlashFaultKind } from './kinds.ts';
import type { FaultField, FaultKindRow, FaultPlan, FlashFault } from './kinds.ts';

/** What a field takes, for messages. */
const expectedOf = (field: FaultField): string => {
  if (field.type === 'choice') return `one of ${field.choices.join(', ')}`;
  if (field.type === 'number') return `a number from 0 to ${String(field.max)}`;
  return `a whole number from ${String(field.min)} to ${field.max === undefined ? '2^53-1' : String(field.max)}`;
};

function fits(field: FaultField, value: unknown): boolean {
  if (field.type === 'choice') return typeof value === 'string' && field.choices.includes(value);
  if (typeof value !== 'number') return false;
  if (field.type === 'number') return value >= 0 && value <= field.max;
  return (
    Number.isSafeInteger(value) &&
    value >= field.min &&
    value <= (field.max ?? Number.MAX_SAFE_INTEGER)
  );
}

/**
 * Reads a plan.
 *
 * @throws AxfsError EINVAL naming file, fault (from 0), field, value and what was expected.
 */
export function parseFaultPlan(text: string, fileName: string): FaultPlan {
  const bad = (message: string): AxfsError => new AxfsError('EINVAL', `${fileName}: ${message}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw bad(`is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isJsonObject(json))
    throw bad(`holds ${shownJson(json)}, expected an object with seed and faults`);
  for (const name of Object.keys(json))
    if (name !== 'seed' && name !== 'faults')
      throw bad(`has a field ${shownJson(name)}, expected seed and faults`);
  const { seed = 0, faults } = json;
  if (!(typeof seed === 'number' && Number.isSafeInteger(seed) && seed >= 0))
    throw bad(`seed is ${shownJson(seed)}, expected a whole number from 0 to 2^53-1`);
  if (!Array.isArray(faults)) throw bad(`faults is ${shownJson(faults)}, expected an array`);
  return {
    seed,
    faults: faults.map((fault: unknown, index) =>
      parseFault(fault, (message) => bad(`fault ${String(index)}: ${message}`)),
    ),
  };
}

function parseFault(json: unknown, bad: (message: string) => AxfsError): FlashFault {
  if (!isJsonObject(json)) throw bad(`is ${shownJson(json)}, expected an object with a kind`);
  const { kind, ...given } = json;
  if (!isFlashFaultKind(kind))
    throw bad(`kind is ${shownJson(kind)}, expected one of ${FLASH_FAULT_KINDS.join(', ')}`);
  const { fields, oneOf }: FaultKindRow = FLASH_FAULTS[kind];
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined)
      throw bad(
        `${kind} has a field ${shownJson(name)}, expected ${Object.keys(fields).join(', ')}`,
      );
    if (!fits(field, value))
      throw bad(`${kind}: ${name} is ${shownJson(value)}, expected ${expectedOf(field)}`);
  }
  for (const [name, field] of Object.entries(fields))
    if (field.required === true && !Object.hasOwn(given, name))
      throw bad(`${kind}: ${name} is missing, expected ${expectedOf(field)}`);
  const chosen = oneOf?.filter((name) => Object.hasOwn(given, name));
  if (oneOf !== undefined && chosen?.length !== 1)
    throw bad(
      `${kind} has ${chosen?.length === 0 ? 'none' : (chosen?.join(' and ') ?? '')}, expected exactly one of ${oneOf.join(', ')}`,
    );
  if (Object.hasOwn(given, 'length') && !Object.hasOwn(given, 'offset'))
    throw bad(`${kind}: length is ${shownJson(given['length'])} without an offset, expected both`);
  // Every field of the kind's row has been checked against its type.
  return { kind, ...given } as FlashFault;
}

/** The text that {@link parseFaultPlan} reads: a fault a line. */
export function formatFaultPlan({ seed, faults }: FaultPlan): string {
  const lines = faults.map((fault) => `    ${JSON.stringify(fault)}`);
  const list = lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n  ]`;
  return `{\n  "seed": ${String(seed)},\n  "faults": ${list}\n}\n`;
}

/** Lines for help texts: each kind with its fields. */
export const faultKindsHelp = (): string =>
  Object.entries<FaultKindRow>(FLASH_FAULTS)
    .map(([kind, { summary, lasts, fields, oneOf }]) => {
      const names = Object.entries(fields).map(([name, { required }]) =>
        required === true || oneOf?.includes(name) === true ? name : `[${name}]`,
      );
      return `  ${kind} ${names.join(' ')}\n      ${summary} (${lasts.replaceAll('_', ' ')})`;
    })
    .join('\n');
