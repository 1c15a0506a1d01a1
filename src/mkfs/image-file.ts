/**
 * Last stage: the bytes of the file, piece by piece, from the regions wherever they are kept; and the digest
 * over them (format description, section 2.1).
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { viewOf } from '../base/bytes.ts';
import { AXFS_MAGIC, MAGIC_BYTES } from '../ondisk/constants.ts';
import type { RegionName } from '../ondisk/regions.ts';
import { NO_DIGEST } from '../ondisk/superblock.ts';
import type { ByteRun } from './chunks.ts';
import type { Layout } from './layout.ts';
import { Pace } from './pace.ts';
import type { Pause } from './pace.ts';

/** A SHA-1 in the making; the machine has one. */
export interface Sha1 {
  update(bytes: Uint8Array): void;
  /** 40 lower-case hex digits. */
  hex(): string;
}

const SHA1_BYTES = 20;
/** Pieces of an image, of up to a megabyte, to read or write between two pauses. */
export const PIECES_PER_PAUSE = 16;

/** Bytes in memory as a run. */
export const runOf = (bytes: Uint8Array): ByteRun => ({
  size: bytes.length,
  pieces: () => (bytes.length === 0 ? [] : [bytes]),
});

/** The file's bytes in order: head, regions with the gaps between them, magic, padding. */
export function* filePieces(
  layout: Layout,
  head: Uint8Array,
  regions: Readonly<Record<RegionName, ByteRun>>,
): Generator<Uint8Array> {
  let at = head.length;
  yield head;
  for (const name of layout.order) {
    const { fsoffset } = layout.descriptors[name];
    assert(
      fsoffset >= at,
      () => `region ${name} starts at or after ${String(at)}: ${String(fsoffset)}`,
    );
    if (fsoffset > at) yield new Uint8Array(fsoffset - at);
    at = fsoffset;
    for (const piece of regions[name].pieces()) {
      at += piece.length;
      yield piece;
    }
  }
  const magic = new Uint8Array(MAGIC_BYTES);
  viewOf(magic).setUint32(0, AXFS_MAGIC);
  yield magic;
  at += MAGIC_BYTES;
  assert(
    at === layout.size,
    () => `the magic ends the image: ${String(at)} of ${String(layout.size)}`,
  );
  if (layout.fileSize > at) yield new Uint8Array(layout.fileSize - at);
}

/** The part of pieces from byte `from` to before byte `to`. */
export function* partOf(
  pieces: Iterable<Uint8Array>,
  from: number,
  to: number,
): Generator<Uint8Array> {
  let at = 0;
  for (const piece of pieces) {
    const part = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (part.length > 0) yield part;
    at += piece.length;
    if (at >= to) return;
  }
}

/** The digest field over a file whose digest field is still zero. */
export async function digestOf(
  pieces: Iterable<Uint8Array>,
  sha1: Sha1,
  pause?: Pause,
): Promise<Uint8Array> {
  const pace = new Pace(pause, PIECES_PER_PAUSE);
  for (const piece of pieces) {
    sha1.update(piece);
    const rest = pace.step();
    if (rest !== undefined) await rest;
  }
  const hex = sha1.hex();
  assert(hex.length === 2 * SHA1_BYTES, () => `a SHA-1 has 20 bytes: ${hex}`);
  const digest = NO_DIGEST.slice();
  for (let i = 0; i < SHA1_BYTES; i += 1)
    digest[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return digest;
}
