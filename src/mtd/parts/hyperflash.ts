/**
 * NOR flash on HyperBus: eight lines that carry a byte on both edges of the clock.
 *
 * @module
 */
import type { MtdPart } from '../part.ts';
import { derived, family, figures, KIB, measured, MIB, missing, size, US } from './rows.ts';

const SHEET = 'Cypress S26KS512S/S26KL512S HyperFlash data sheet 001-99198';

const common = {
  type: 'nor',
  mapped: true,
  bus: 'ddr',
  smallestSize: size(64 * MIB, 'derived', 'part number: 512 Mbit'),
  erasesize: size(256 * KIB, 'measured', `${SHEET}: 256-KB sectors`),
  writesize: size(2, 'assumed', 'word programming on a bus of 16-bit words; not read in the sheet'),
} as const satisfies Partial<MtdPart>;
const FIGURES = {
  writebufsize: measured(512, `${SHEET}: 512-byte programming buffer`),
  'read.wordBytes': derived(2, `${SHEET}: eight lines, both edges: two bytes a clock`),
  'read.firstAccess': measured(96, `${SHEET}: 96 ns initial access (5 to 16 clocks of latency)`),
  'program.page': missing(`${SHEET}: buffer programming time, page not read`),
  'erase.262144': missing(`${SHEET}: sector erase time, page not read`),
  'current.clockStop': measured(12, `${SHEET}: 12 mA with the clock stopped`),
  'current.standby': measured(25, `${SHEET}: standby 25 uA`),
  'current.deepPowerDown': measured(8, `${SHEET}: deep power-down 8 uA`),
  'wake.deepPowerDown': measured(300 * US, `${SHEET}: 300 us from deep power-down`),
  endurance: measured(100_000, `${SHEET}: 100,000 cycles`),
  retention: measured(20, `${SHEET}: 20 years`),
} as const;

/** HyperFlash parts by preset name. */
export const HYPERFLASH = family({
  'hyperflash-166': {
    ...common,
    title: 'Cypress S26KS512S HyperFlash, 1.8 V, 166 MHz',
    figures: figures({
      ...FIGURES,
      'read.nextWord': derived(1000 / 166, `${SHEET}: 166 MHz at 1.8 V: 1/166 MHz`),
      'supply.voltage': measured(1.8, `${SHEET}: S26KS, 1.8 V`),
    }),
  },
  'hyperflash-100': {
    ...common,
    title: 'Cypress S26KL512S HyperFlash, 3 V, 100 MHz',
    figures: figures({
      ...FIGURES,
      'read.nextWord': derived(10, `${SHEET}: 100 MHz at 3 V: 1/100 MHz`),
      'supply.voltage': measured(3, `${SHEET}: S26KL, 3 V`),
    }),
  },
});
