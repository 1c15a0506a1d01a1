/**
 * Heads of ELF programs, for tests: a header and program headers, the rest zeros up to a page.
 *
 * @module
 */

/** A program header; `type` 1 is PT_LOAD, `flags` 1 executable, 2 writable, 4 readable. */
export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly filesz: number;
}

/** A page that starts an ELF file. */
export function elfHead(spec: {
  readonly bits: 32 | 64;
  readonly order: 'little' | 'big';
  readonly segments: readonly ElfSegment[];
}): Uint8Array {
  const { bits, order, segments } = spec;
  const little = order === 'little';
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  const word = (at: number, value: number): void => {
    if (bits === 32) view.setUint32(at, value, little);
    else view.setBigUint64(at, BigInt(value), little);
  };
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits / 32, little ? 1 : 2, 1]);
  const [header, entry] = bits === 32 ? [52, 32] : [64, 56];
  word(bits === 32 ? 28 : 32, segments.length === 0 ? 0 : header);
  view.setUint16(bits === 32 ? 42 : 54, entry, little);
  view.setUint16(bits === 32 ? 44 : 56, segments.length, little);
  segments.forEach(({ type, flags, offset, filesz }, i) => {
    const at = header + i * entry;
    view.setUint32(at, type, little);
    view.setUint32(at + (bits === 32 ? 24 : 4), flags, little);
    word(at + (bits === 32 ? 4 : 8), offset);
    word(at + (bits === 32 ? 16 : 32), filesz);
  });
  return bytes;
}
