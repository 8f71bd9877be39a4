/**
 * What helpers do with general registers and flags, for those that are called often. Everything else is taken to read and write all of them, the
 * vector registers and the lazy flags, so they are written back before it and loaded again behind it.
 */
import type { HelperName } from '../helpers.ts'

/** Sets of general registers as masks; one that raises has written none of them; the lazy flags and vector registers are not touched. */
export interface Effects {
  readonly reads: number
  readonly writes: number
  /** It reaches neither guest memory nor the board, and changes no rights: nothing can ask the run to end. */
  readonly quiet: boolean
  /** It never raises: it answers STATUS_CONTINUE or a value, and of what stands in the state block about the instruction it wants RIP alone. */
  readonly light?: boolean
}

const RAX = 1
const RCX = 2
const RDX = 4
const none: Effects = { reads: 0, writes: 0, quiet: false }
const quiet: Effects = { reads: 0, writes: 0, quiet: true }
const light: Effects = { ...quiet, light: true }
const divide: Effects = { reads: RAX | RDX, writes: RAX | RDX, quiet: true }
const accumulator: Effects = { reads: RAX, writes: RAX, quiet: false }
const counter: Effects = { reads: 0, writes: RAX | RDX, quiet: true }

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
  out: { reads: RAX, writes: 0, quiet: false },
  rdtsc: counter,
  rdtscp: { reads: 0, writes: RAX | RCX | RDX, quiet: true },
  readMsr: { reads: RCX, writes: RAX | RDX, quiet: false },
  writeMsr: { reads: RAX | RCX | RDX, writes: 0, quiet: false },
  cli: none,
  sti: none,
  stac: none,
  clac: none,
  clts: none,
  swapgs: quiet,
  invlpg: none,
  loadSegment: none,
  checkUmip: quiet,
  wrSegBase: none,
  movToCr: none,
  checkTarget: quiet,
  segmentAddress: none,
  maskedLoad: none,
  maskedStore: none,
  floatScalar: quiet,
  floatLanes: quiet,
  aesRound: quiet,
  aesInverseMix: quiet,
  aesKeyAssist: quiet,
  carrylessMultiply: quiet,
  sha1NextE: quiet,
  sha1Message1: quiet,
  sha1Message2: quiet,
  sha1Rounds: quiet,
  sha256Rounds: quiet,
  sha256Message1: quiet,
  sha256Message2: quiet,
  x87Load: light,
  x87Store: none,
  x87Memory: light,
  x87Arithmetic: light,
  x87Compare: light,
  x87CompareFlags: light,
  x87CompareMemory: light,
  x87Duplicate: light,
  x87Copy: light,
  x87Exchange: light,
  x87Top: light,
  x87Constant: light,
}
