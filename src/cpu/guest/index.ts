/** The exports of `build/cpu-helpers.wasm`, as `../helpers.ts` lists them. */
export { getRflags, setRflags } from './flags'
export * from './mmu/exports'
export { flushTlb, resetTlb } from './mmu/tlb'
export { updateMode } from './mode'
export { raise } from './raise'
export { report } from './trace'
export { pointsChanged } from './debug/points'
export { checkCodeBreakpoint, debugTrap } from './debug/trap'
export { deliverException, deliverInterrupt, deliverNmi, intN } from './privilege/deliver'
export { iret } from './privilege/iret'
export { erets, eretu } from './privilege/fred-return'
export { syscall } from './privilege/syscall'
export { sysenter } from './privilege/sysenter'
export { sysexit } from './privilege/sysexit'
export { sysret } from './privilege/sysret'
export { checkTarget, segmentAddress } from './segmentation/limit'
export { loadSegment } from './segmentation/load'
export { lar, lldt, lsl, ltr, verr, verw } from './segmentation/system-segments'
export { farCall } from './privilege/far-call'
export { farJump } from './privilege/far-jump'
export { farReturn } from './privilege/far-return'
export * from './arithmetic/divide'
export * from './arithmetic/multiply'
export * from './crypto/aes'
export * from './crypto/clmul'
export * from './crypto/sha'
export { gather } from './vector/gather'
export * from './vector/masked'
export { clts, lmsw, movFromCr, movToCr } from './system/control-registers'
export { movFromDr, movToDr } from './system/debug-registers'
export {
  checkProtected,
  checkSelectorStore,
  checkUmip,
  lgdt,
  lidt,
  sgdt,
  sidt,
} from './system/descriptor-tables'
export { clac, cli, popf, pushf, stac, sti } from './system/flags'
export * from './system/gs-fs'
export { hlt } from './system/halt'
export { lkgs } from './system/lkgs'
export { inPort as in, outPort as out } from './system/io'
export { rdpkru, wrpkru } from './system/pkru'
export { random } from './system/random'
export { rdpmc, rdtsc, rdtscp } from './system/time'
export * from './system/tlb-instructions'
export { cmps, scas } from './strings/compare'
export { movs } from './strings/move'
export { ins, outs } from './strings/port'
export { lods, stos } from './strings/store'
export { cpuid } from './system/cpuid'
export { floatLanes, floatScalar } from './softfloat/exports'
export { fxrstor, fxsave } from './system/fxsave'
export { xgetbv, xsetbv } from './system/xcr'
export { xrstor, xrstors, xsave, xsavec, xsaveopt, xsaves } from './system/xsave'
export { readMsr, writeMsr } from './system/msr'
export { fldcw, fldenv, fnclex, fninit, fnsave, fnstenv, frstor } from './x87/control'
export {
  x87Arithmetic,
  x87Compare,
  x87CompareFlags,
  x87CompareMemory,
  x87Constant,
  x87Copy,
  x87Duplicate,
  x87Exchange,
  x87Free,
  x87Load,
  x87Memory,
  x87MoveIf,
  x87Top,
} from './x87/operations'
export { x87Ferr } from './x87/ferr'
export { x87Store } from './x87/store'
export { x87ArcTangent, x87Circle, x87Logarithm, x87Power } from './x87/transcendental'
