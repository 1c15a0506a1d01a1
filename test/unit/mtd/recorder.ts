import type { EventSink, SimEvent } from '../../../src/base/events.ts';
import { addBusWork } from '../../../src/base/events.ts';
import { noBusWork } from '../../../src/mtd/bus.ts';
import type { MtdCounters } from '../../../src/mtd/device.ts';

/** Events as they came (copied: devices reuse them). */
export interface Recorder {
  readonly events: SimEvent[];
  readonly sink: EventSink;
}

export const createRecorder = (): Recorder => {
  const events: SimEvent[] = [];
  return { events, sink: (event) => events.push({ ...event }) };
};

/** What a device with these events must have counted; of flipped bits no event tells. */
export function countersOf(events: readonly SimEvent[]): Omit<MtdCounters, 'flippedBits'> {
  const sum = {
    readOperations: 0,
    readBytes: 0,
    mappedReads: 0,
    mappedBytes: 0,
    mappedLines: 0,
    filledLines: 0,
    bus: noBusWork(),
    programs: 0,
    programmedBytes: 0,
    erases: 0,
  };
  for (const event of events) {
    if (event.type === 'mtd_read') {
      sum.readOperations += 1;
      sum.readBytes += event.bytes;
      addBusWork(sum.bus, event);
    } else if (event.type === 'mapped_read') {
      sum.mappedReads += 1;
      sum.mappedBytes += event.bytes;
      sum.mappedLines += event.lines;
      addBusWork(sum.bus, event);
    } else if (event.type === 'line_fill') {
      sum.filledLines += event.lines;
      addBusWork(sum.bus, event);
    } else if (event.type === 'mtd_program') {
      sum.programs += event.programs;
      sum.programmedBytes += event.bytes;
    } else if (event.type === 'mtd_erase') sum.erases += 1;
  }
  return sum;
}
