import { DEVICE_KINDS, HUGE_KINDS } from './device-kinds.ts';
import { deviceSuite } from './device-suite.ts';

for (const [label, make] of Object.entries({ ...DEVICE_KINDS, ...HUGE_KINDS }))
  deviceSuite(label, (sink) => ({ device: make(sink) }));
