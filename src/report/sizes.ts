/**
 * Numbers for people: sizes with a binary unit, counts with separators, times with a unit.
 *
 * @module
 */

const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const TIME_UNITS = [
  { unit: 'ns', factor: 1 },
  { unit: 'us', factor: 1e3 },
  { unit: 'ms', factor: 1e6 },
  { unit: 's', factor: 1e9 },
] as const;

/** Three significant digits, at most two of them behind the point: 9.999 is `10.0`, not `10.00`. */
const threeDigits = (value: number): string =>
  value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);

/** `1.23 MiB`; bytes below 1 KiB exactly. */
export function humanBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // Rounded: 1023.9 KiB would print as 1024 KiB, which is 1.00 MiB.
  while (Math.round(value) >= 1024 && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : threeDigits(value)} ${BINARY_UNITS[unit] ?? ''}`;
}

/** `12,345`, whatever the locale. */
export const humanCount = (count: number): string =>
  String(count).replace(/\B(?=([0-9]{3})+(?![0-9]))/g, ',');

/** `1.23 ms` from nanoseconds. */
export function humanNanoseconds(nanoseconds: number): string {
  if (nanoseconds === 0) return '0';
  const row = TIME_UNITS.findLast(({ factor }) => nanoseconds >= 0.9995 * factor) ?? TIME_UNITS[0];
  return `${threeDigits(nanoseconds / row.factor)} ${row.unit}`;
}

/** `1.23 M` from a large count. */
export function humanMillions(count: number): string {
  if (count === 0) return '0';
  return Math.round(count) >= 1e6 ? `${threeDigits(count / 1e6)} M` : humanCount(Math.round(count));
}
