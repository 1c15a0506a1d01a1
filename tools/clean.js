/** Removes the build output, so that a deleted source leaves no stale module behind. */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';

rmSync(resolve(import.meta.dirname, '..', 'dist'), { recursive: true, force: true });
