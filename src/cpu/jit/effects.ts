/**
 * What helpers do with general registers and flags, for those that are called often. Everything else is taken to read and write all of them, the
 * vector registers and the lazy flags, so they are written back before it and loaded again behind it.
 */
import type { HelperName } from '../helpers.ts'

/** Sets of general registers as masks; the lazy flags and vector registers are not touched. */
export interface Effects {
  readonly reads: number
  readonly writes: number
}

const RAX = 1
const RCX = 2
const RDX = 4
const none: Effects = { reads: 0, writes: 0 }
const divide: Effects = { reads: RAX | RDX, writes: RAX | RDX }
const accumulator: Effects = { reads: RAX, writes: RAX }
const counter: Effects = { reads: 0, writes: RAX | RDX }

export const effects: Partial<Record<HelperName, Effects>> = {
  div8: divide,
  div16: divide,
  div32: divide,
  div64: divide,
  idiv8: divide,
  idiv16: divide,
  idiv32: divide,
  idiv64: divide,
  in: accumulator,
  out: { reads: RAX, writes: 0 },
  rdtsc: counter,
  rdtscp: { reads: 0, writes: RAX | RCX | RDX },
  readMsr: { reads: RCX, writes: RAX | RDX },
  writeMsr: { reads: RAX | RCX | RDX, writes: 0 },
  cli: none,
  sti: none,
  stac: none,
  clac: none,
  clts: none,
  swapgs: none,
  invlpg: none,
  loadSegment: none,
  checkUmip: none,
  wrSegBase: none,
  movToCr: none,
  x87Load: none,
  x87Store: none,
  x87Memory: none,
  x87Arithmetic: none,
  x87CompareMemory: none,
  x87Duplicate: none,
  x87Copy: none,
  x87Exchange: none,
  x87Top: none,
  x87Constant: none,
}
