/**
 * A RAM part as rows of a price list: what the CPU waits for a line from it.
 *
 * @module
 */
import type { NamedParameter } from '../base/parameter.ts';
import { CACHE_LINE_BYTES } from '../base/units.ts';
import { derivedRow, unitPrices } from './part-timing.ts';
import type { MtdPart } from './part.ts';

/**
 * `ram.line`: one {@link CACHE_LINE_BYTES}-byte line out of a closed row.
 *
 * @throws AxfsError EINVAL naming the row when one that it needs is unsourced.
 */
export function ramParameters(part: MtdPart): readonly NamedParameter[] {
  const { opens, busBytes } = unitPrices(part);
  return [
    {
      name: 'ram.line',
      ...derivedRow(
        opens.value + CACHE_LINE_BYTES * busBytes.value,
        'ns/line',
        [opens, busBytes],
        `${part.title}: one ${String(CACHE_LINE_BYTES)}-byte line out of a closed row: ${opens.source}; ${busBytes.source}`,
      ),
    },
  ];
}
