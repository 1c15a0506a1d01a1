/**
 * Constants of the AXFS format, version 2.2.0.
 *
 * @module
 */

/** First four bytes of an image and the last four of its `size` bytes. */
export const AXFS_MAGIC = 0x48a0e4cd;
/** Bytes of the magic, and of its copy at the end. */
export const MAGIC_BYTES = 4;
/** Sixteen bytes after the magic: 15 characters and a NUL. */
export const AXFS_SIGNATURE = 'Advanced XIP FS\0';
/** Superblock with 8-byte-aligned tail, as 64-bit, ARM, MIPS and PPC drivers read it. */
export const SUPERBLOCK_BYTES = 264;
/** Content of a region descriptor; slots may be larger. */
export const DESCRIPTOR_BYTES = 34;
/** Slot that the original builder gives each descriptor. */
export const DESCRIPTOR_SLOT_BYTES = 40;
/** The only compression type defined: zlib. */
export const COMPRESSION_ZLIB = 0;
/** Version that this project writes. */
export const VERSION = { major: 2, minor: 2, sub: 0 } as const;
/** Longest name, in bytes. */
export const NAME_MAX = 255;
/** Linux' PATH_MAX: bytes of a path, or of a symlink's target, with the NUL at its end. */
export const PATH_MAX = 4096;
/** Deepest byte table: 8 bytes an entry. */
export const MAX_TABLE_DEPTH = 8;
/** Largest cblock that a reader here accepts, a bound on memory: 1 MiB. */
export const MAX_CBLOCK_SIZE = 1024 * 1024;

/** Values of the `node_type` table: how a file page is stored. */
export const NODE_TYPE = { xip: 0, compressed: 1, byteAligned: 2 } as const;
/** Name of a node type. */
export type NodeTypeName = keyof typeof NODE_TYPE;
/** Value of a node type. */
export type NodeTypeValue = (typeof NODE_TYPE)[NodeTypeName];
/** Node type names by value. */
export const NODE_TYPE_NAMES = ['xip', 'compressed', 'byteAligned'] as const;
