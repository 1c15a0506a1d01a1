import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fromText } from '../../src/base/bytestring.ts';
import { createInlineCompressor } from '../../src/codec/compressor.ts';
import { createPakoDeflater, createPakoInflater } from '../../src/codec/pako.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import type { PageCompressor } from '../../src/codec/compressor.ts';
import type { Inflater } from '../../src/codec/zlib.ts';
import { DEMO } from '../../src/cli/demo.ts';
import { readRecipe } from '../../src/cli/recipe.ts';
import { createNodeHost, loadZlibModule } from '../../src/host/node-host.ts';
import type { TreeDirectory } from '../../src/mkfs/tree.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import type { Trace } from '../../src/workload/trace.ts';

/** The project's folder. */
export const ROOT = resolve(import.meta.dirname, '..', '..');

/** The demo's tree. */
export const demoTree = (): TreeDirectory =>
  readRecipe(
    createNodeHost(),
    fromText(resolve(ROOT, DEMO.recipe)),
    fromText(resolve(ROOT, DEMO.packages)),
  );

/** The demo's trace: as text for independent counting, and parsed. */
export const demoTraceText = (): string => readFileSync(resolve(ROOT, DEMO.trace), 'utf8');

/** The demo's trace, parsed. */
export const demoTrace = (): Trace =>
  parseTrace(new TextEncoder().encode(demoTraceText()), DEMO.trace);

/** The fastest zlib at hand, in this thread. */
export function testZlib(): { readonly compressor: PageCompressor; readonly inflater: Inflater } {
  const module = loadZlibModule();
  if (module === undefined)
    return {
      compressor: createInlineCompressor(createPakoDeflater()),
      inflater: createPakoInflater(),
    };
  const zlib = createWasmZlib(module);
  return { compressor: createInlineCompressor(zlib), inflater: createWasmZlib(module) };
}
