/**
 * Every command of the language, in tables by subject: how it is written, what it does, and how it is done.
 *
 * @module
 */
import type { Command } from './command.ts';
import { DRIVER_COMMANDS } from './driver-commands.ts';
import { KERNEL_COMMANDS } from './kernel-commands.ts';
import { USER_COMMANDS } from './user-commands.ts';

/** The commands by subject, for documentation and look-up. */
export const COMMANDS = {
  'what programs do': USER_COMMANDS,
  'what drivers do': DRIVER_COMMANDS,
  'what the kernel does': KERNEL_COMMANDS,
} as const satisfies Readonly<Record<string, Readonly<Record<string, Command>>>>;

const BY_NAME: ReadonlyMap<string, Command> = new Map(
  Object.values(COMMANDS).flatMap((table) => Object.entries(table)),
);

/** A command by name. */
export const commandOf = (name: string): Command | undefined => BY_NAME.get(name);

/** All names. */
export const commandNames = (): readonly string[] => [...BY_NAME.keys()];
