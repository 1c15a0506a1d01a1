/**
 * What counting costs: XIP faults beside the device's part of them alone, the two look-ups in node tables that
 * each fault makes through the mapped window.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { VirtAddr } from '../base/units.ts';
import type { Host } from '../host/host.ts';
import { buildImage } from '../mkfs/build.ts';
import { treeFrom } from '../mkfs/tree.ts';
import { MAP_PRIVATE, PROT_READ } from '../mm/vmflags.ts';
import { createMachine } from '../sim/machine.ts';
import type { BenchRow } from './bench-faults.ts';

const PAGES = 65_536;
const ROUNDS = 12;
/** Prime, so that pages come in no order that a cache could like. */
const STEP = 40_503;

/** The best of some rounds, in turns, so that a change of the machine's speed meets both alike. */
export async function benchDevice(host: Host): Promise<readonly BenchRow[]> {
  const content = new Uint8Array(PAGES * PAGE_SIZE);
  const image = await buildImage(treeFrom({ file: { content } }), { xip: { kind: 'all' } });
  const machine = createMachine({ image: image.toBytes(), sink: () => undefined });
  const { mount } = machine;
  const { source, regions } = mount.volume.image;
  const { window } = source;
  assert(window !== undefined, () => 'a NOR is mapped');
  const [types, indices] = [regions.node_type.windowOffset, regions.node_index.windowOffset];
  const depth = regions.node_index.size / PAGES;
  const order = Uint32Array.from({ length: PAGES }, (_, i) => (i * STEP) % PAGES);
  const file = mount.open('file');
  let faultMs = Infinity;
  let deviceMs = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const mm = machine.spawn();
    const base = mm.mmap({ length: content.length, prot: PROT_READ, flags: MAP_PRIVATE, file });
    let start = host.now();
    for (const page of order) mm.touch((base + page * PAGE_SIZE) as VirtAddr, 'read');
    faultMs = Math.min(faultMs, host.now() - start);
    mm.exit();
    start = host.now();
    for (const page of order) {
      window.countRead(types + page, 1);
      window.countRead(indices + Math.floor(page * depth), 1);
    }
    deviceMs = Math.min(deviceMs, host.now() - start);
  }
  const row = (name: string, ms: number, includes: string): BenchRow => ({
    name,
    perSecond: (PAGES / ms) * 1000,
    unit: 'faults/s',
    includes,
  });
  return [
    row('XIP faults, nobody listening', faultMs, 'the whole fault'),
    row('the device alone', deviceMs, 'two look-ups through the window, counted and reported'),
  ];
}
