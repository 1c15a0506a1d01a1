/**
 * AXFS Lab as a library: build an image from a tree in memory, put it on a simulated flash device, mount
 * it, map its files and fault them, and price what happened. Nothing here touches the host.
 *
 * @module
 */
export { InvariantError } from './base/assert.ts';
export { AxfsError, ERRNO } from './base/errno.ts';
export type { Errno } from './base/errno.ts';
export { fromBytes, fromText, toBytes, toPrintable, toText } from './base/bytestring.ts';
export type { ByteString } from './base/bytestring.ts';
export { FAULT_KINDS, NOT_XIP_REASONS } from './base/events.ts';
export type { EventSink, FaultKind, NotXipReason, SimEvent } from './base/events.ts';
export type { NamedParameter, Parameter, ParameterStatus } from './base/parameter.ts';
export { PAGE_SIZE, pfn, pgoff, physAddr, virtAddr } from './base/units.ts';
export type { ByteOffset, Pfn, Pgoff, PhysAddr, VirtAddr } from './base/units.ts';

export { readCpio } from './archive/cpio-read.ts';
export { writeCpio } from './archive/cpio-write.ts';
export type { ArchiveEntry, ArchiveInput, ArchiveListing } from './archive/entry.ts';
export { readTar } from './archive/tar-read.ts';
export { writeTar } from './archive/tar-write.ts';
export type { ArchiveSink } from './archive/write.ts';

export { CODECS } from './codec/codecs.ts';
export type { CodecName } from './codec/codecs.ts';
export { createInlineCompressor } from './codec/compressor.ts';
export type { PageCompressor } from './codec/compressor.ts';
export { createPakoDeflater, createPakoInflater } from './codec/pako.ts';
export type { Deflater, Inflater } from './codec/zlib.ts';

export { buildImage } from './mkfs/build.ts';
export type { BuildOptions, BuiltImage } from './mkfs/build.ts';
export { applyDeviceTable, allRoot, exclude, setOwner } from './mkfs/transform.ts';
export { parseDeviceTable } from './mkfs/device-table.ts';
export { IMPROVED_FEATURES, ORIGINAL_FEATURES, PLAIN_FEATURES } from './mkfs/features.ts';
export type { Features } from './mkfs/features.ts';
export { treeFromArchive } from './mkfs/from-archive.ts';
export type { XipPolicy } from './mkfs/policy.ts';
export { formatProfile, parseProfile, profileOf } from './mkfs/profile.ts';
export type { PageProfile, ProfileEntry } from './mkfs/profile.ts';
export type { BuildReport } from './mkfs/report.ts';
export { treeFrom } from './mkfs/tree.ts';
export type { EntrySpec, TreeDirectory, TreeEntry } from './mkfs/tree.ts';

export { createBlockDevice } from './mtd/block-device.ts';
export type { CellRead, FlashCells } from './mtd/cells.ts';
export { concatDevices } from './mtd/concat.ts';
export { memoryContents } from './mtd/contents.ts';
export type { FlashContents } from './mtd/contents.ts';
export { createDevice } from './mtd/create-device.ts';
export type { DeviceOptions } from './mtd/create-device.ts';
export type { EccStats, MtdCounters, MtdDevice, MtdInfo, MtdWindow } from './mtd/device.ts';
export { FaultyCells } from './mtd/faults/faulty-cells.ts';
export type { FaultPlan, FlashFault } from './mtd/faults/kinds.ts';
export { formatFaultPlan, parseFaultPlan } from './mtd/faults/plan-file.ts';
export { PowerLoss } from './mtd/faults/power-loss.ts';
export { sweepPrograms, sweepReads } from './mtd/faults/sweep.ts';
export type { Outcome, Scenario, SweepReport } from './mtd/faults/sweep.ts';
export { MemoryCells } from './mtd/memory-cells.ts';
export { createNorFlash } from './mtd/nor.ts';
export type { MtdPart } from './mtd/part.ts';
export { formatPart, parsePart } from './mtd/part-file.ts';
export { MTD_PARTS, flashParameters, partNamed } from './mtd/parts.ts';
export type { MtdPartName } from './mtd/parts.ts';
export { createPartition } from './mtd/partition.ts';
export { createRamDevice } from './mtd/ram.ts';
export { ramParameters } from './mtd/ram-parameters.ts';
export { partFromSfdp } from './mtd/sfdp-part.ts';
export { createShadow } from './mtd/shadow.ts';

export { skipBadBlocks } from './flash/skip-bad-blocks.ts';
export { writeImage } from './flash/write-image.ts';

export { AddressSpace } from './mm/address-space.ts';
export { assertMm } from './mm/check.ts';
export { forkMm } from './mm/fork.ts';
export { Frames } from './mm/frames.ts';
export type { Page } from './mm/frames.ts';
export { getUserPage, putUserPage } from './mm/gup.ts';
export {
  vmInsertMixed,
  vmInsertPage,
  vmInsertPfn,
  vmfInsertMixed,
  vmfInsertMixedMkwrite,
  vmfInsertPfn,
} from './mm/insert.ts';
export type { InsertResult } from './mm/insert.ts';
export { KernelBug, SignalError } from './mm/kernel-bug.ts';
export { KERNELS } from './mm/kernel.ts';
export type { KernelName, KernelPreset } from './mm/kernel.ts';
export type { MappedFile, VmFault, VmFaultResult, VmOperations } from './mm/mappable.ts';
export { formatMaps } from './mm/maps.ts';
export { madvise } from './mm/madvise.ts';
export { Memory } from './mm/memory.ts';
export type { KernelReport } from './mm/memory.ts';
export { mincore } from './mm/mincore.ts';
export { mlock, munlock } from './mm/mlock.ts';
export { MmStruct } from './mm/mm.ts';
export { mprotect } from './mm/mprotect.ts';
export { mremap } from './mm/mremap.ts';
export { vmNormalPage } from './mm/normal-page.ts';
export { readPagemap } from './mm/pagemap.ts';
export { PROPOSALS, withProposal } from './mm/proposals.ts';
export { shrinkPage, tryToFreePages } from './mm/reclaim.ts';
export { remapPfnRange } from './mm/remap.ts';
export { accessProcessVm } from './mm/remote-access.ts';
export { formatSmaps } from './mm/smaps.ts';
export { formatStatus } from './mm/status.ts';
export { asTask } from './mm/task.ts';
export { truncatePagecache, unmapMappingRange } from './mm/truncate.ts';
export type { VmArea } from './mm/vma.ts';
export {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  isCowMapping,
} from './mm/vmflags.ts';

export { DRIVERS } from './drivers/drivers.ts';
export type { Driver } from './drivers/driver.ts';

export { FAULT_ROUTES } from './fs/file.ts';
export type { AxfsFile, FaultRoute } from './fs/file.ts';
export type { Inode } from './fs/inode.ts';
export { AxfsMount } from './fs/mount.ts';
export type { MountOptions } from './fs/mount.ts';
export { AxfsVolume } from './fs/volume.ts';

export { kernelsOf, labKernel, runScript } from './lab/run.ts';
export type { LabRun } from './lab/run.ts';
export { parseScript } from './lab/syntax.ts';

export { CpuCache } from './sim/cpu-cache.ts';
export type { CpuCacheShape } from './sim/cpu-cache.ts';
export { createMachine } from './sim/machine.ts';
export type { Machine, MachineOptions } from './sim/machine.ts';
export { profileFromTrace } from './sim/profile.ts';
export { replay } from './sim/replay.ts';
export type { ProcessResult, ReplayOptions, ReplayResult } from './sim/replay.ts';
export { interleavingOf, sequenceOf } from './workload/combine.ts';
export { formatTrace } from './workload/format.ts';
export { TRACE_FORMATS, importTrace } from './workload/formats/formats.ts';
export { generateWorkload } from './workload/generate.ts';
export { infoOf } from './workload/info.ts';
export { parseTrace } from './workload/trace.ts';
export type { Trace, TraceLine } from './workload/trace.ts';

export { boardFigures } from './compare/boards.ts';
export type { BoardFigure } from './compare/boards.ts';
export { blame } from './compare/blame.ts';
export type { Blame, BlameRow } from './compare/blame.ts';
export { evaluate, machinePrices } from './compare/evaluate.ts';
export type { MachineSpec, RunnableImage } from './compare/evaluate.ts';
export { gate } from './compare/gate.ts';
export { gridDesigns } from './compare/grid.ts';
export { why } from './compare/why.ts';
export { tune } from './tune/tune.ts';
export type { TuneRequest, Tuned } from './tune/tune.ts';
export { compareDesigns } from './compare/designs.ts';
export type { CompareRequest } from './compare/designs.ts';
export { MACHINE_NAMES, machineNamed, machineRows } from './compare/machines.ts';
export type { MachineRow, NamedMachine } from './compare/machines.ts';
export { parseSetting, withOverrides } from './compare/overrides.ts';
export type { Setting } from './compare/overrides.ts';
export { breakEven } from './cost/break-even.ts';
export type { BreakEven } from './cost/break-even.ts';
export { fitFills, inflateRows } from './cost/calibration.ts';
export type { FillLine, FillSample } from './cost/calibration.ts';
export type { Comparison, DesignResult } from './cost/comparison.ts';
export { LedgerSink } from './cost/ledger.ts';
export type { Ledger } from './cost/ledger.ts';
export { CPU_PRESETS, priceList } from './cost/params.ts';
export type { CpuPreset, PartRows, PriceList } from './cost/params.ts';
export { priceLedger } from './cost/price.ts';
export type { Cost } from './cost/price.ts';
