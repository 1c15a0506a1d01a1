import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesEqual, getU64, setU64, toHex, viewOf } from '../../src/base/bytes.ts';

test('a u64 is what a 64-bit machine reads, or is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(3), (raw, zeros) => {
      // Random bytes are nearly always above 2^53; zeros in front give the others a chance.
      const bytes = raw.fill(0, 0, zeros);
      const exact = viewOf(bytes).getBigUint64(0);
      if (exact > BigInt(Number.MAX_SAFE_INTEGER))
        expect(() => getU64(viewOf(bytes), 0, 'x')).toThrow(/^x is [0-9]+, expected/);
      else expect(BigInt(getU64(viewOf(bytes), 0, 'x'))).toBe(exact);
    }),
  );
});

test('a u64 written is the u64 that a 64-bit machine writes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = new Uint8Array(8);
      setU64(viewOf(bytes), 0, value);
      expect(viewOf(bytes).getBigUint64(0)).toBe(BigInt(value));
    }),
  );
});

test('bytesEqual and toHex agree with Buffer', () => {
  const short = fc.uint8Array({ max: 2, maxLength: 4 });
  fc.assert(
    fc.property(short, short, (a, b) => {
      expect(bytesEqual(a, b)).toBe(Buffer.from(a).equals(b));
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
    }),
  );
});
