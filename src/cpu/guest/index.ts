/** The exports of `build/cpu-helpers.wasm`, as `../helpers.ts` lists them. */
export { getRflags, setRflags } from './flags'
export * from './mmu/exports'
export { flushTlb } from './mmu/tlb'
export { updateMode } from './mode'
export { raise } from './raise'
