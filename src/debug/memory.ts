/** Guest memory by linear address as a debugger sees it: the page tables of the moment, walked without leaving a trace in them. SDM Vol. 3A, 4.3 – 4.5. */
import type { Cpu } from '../cpu/cpu.ts'
import * as L from '../cpu/layout.ts'
import { PDPTE } from '../cpu/guest/private.ts'

const PAGE_BYTES = 4096
const CR0_PG = 1n << 31n
const CR4_PSE = 1n << 4n
const CR4_PAE = 1n << 5n
const CR4_LA57 = 1n << 12n
const EFER_LMA = 1n << 10n
const ENTRY_P = 1n
const ENTRY_PS = 1n << 7n
const ADDRESS = 0x000f_ffff_ffff_f000n
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0, 'P'],
  [1, 'RW'],
  [2, 'US'],
  [3, 'PWT'],
  [4, 'PCD'],
  [5, 'A'],
  [6, 'D'],
  [7, 'PS'],
  [8, 'G'],
  [63, 'XD'],
]
const VIDEO_START = 0xa0000
const VIDEO_END = 0xc0000

/** One entry that a walk has read. */
export interface WalkStep {
  /** As the manual calls the structure: `PML5E`, `PML4E`, `PDPTE`, `PDE`, `PTE`. */
  readonly name: string
  readonly gpa: bigint
  readonly entry: bigint
}

export interface Walk {
  readonly steps: readonly WalkStep[]
  /** Guest-physical address, or null where nothing is mapped. */
  readonly gpa: bigint | null
}

/** The bits that an entry has set, by their names. */
export function entryFlags(entry: bigint): string {
  return FLAGS.filter(([bit]) => (entry >> BigInt(bit)) & 1n)
    .map(([, name]) => name)
    .join(' ')
}

const NAMES = ['', 'PTE', 'PDE', 'PDPTE', 'PML4E', 'PML5E']

/** From a linear address to a guest-physical one. */
export function walk(cpu: Cpu, va: bigint): Walk {
  if (!(cpu.getState64(L.CR0) & CR0_PG)) return { steps: [], gpa: va & 0xffff_ffffn }
  const cr3 = cpu.getState64(L.CR3)
  const cr4 = cpu.getState64(L.CR4)
  if (cpu.getState64(L.EFER) & EFER_LMA) return descend(cpu, va, cr3 & ADDRESS, cr4 & CR4_LA57 ? 5 : 4, 8, [])
  if (!(cr4 & CR4_PAE)) return descend(cpu, va & 0xffff_ffffn, cr3 & 0xffff_f000n, 2, 4, [])
  const index = Number((va >> 30n) & 3n)
  const pdpte = cpu.getState64(PDPTE + 8 * index)
  const steps = [{ name: 'PDPTE', gpa: (cr3 & 0xffff_ffe0n) + BigInt(8 * index), entry: pdpte }]
  if (!(pdpte & ENTRY_P)) return { steps, gpa: null }
  return descend(cpu, va & 0xffff_ffffn, pdpte & ADDRESS, 2, 8, steps)
}

function descend(
  cpu: Cpu,
  va: bigint,
  table: bigint,
  level: number,
  entryBytes: 4 | 8,
  before: readonly WalkStep[],
): Walk {
  const indexBits = entryBytes === 8 ? 9n : 10n
  const steps = [...before]
  for (; ; level--) {
    const shift = 12n + indexBits * BigInt(level - 1)
    const index = (va >> shift) & ((1n << indexBits) - 1n)
    const gpa = table + index * BigInt(entryBytes)
    const entry = readEntry(cpu, gpa, entryBytes)
    if (entry === null) return { steps, gpa: null }
    steps.push({ name: NAMES[level]!, gpa, entry })
    if (!(entry & ENTRY_P)) return { steps, gpa: null }
    const isLarge = (entry & ENTRY_PS) !== 0n && level > 1 && level < 4
    if (level === 1 || (isLarge && (entryBytes === 8 || (cpu.getState64(L.CR4) & CR4_PSE) !== 0n))) {
      const offset = (1n << shift) - 1n
      return { steps, gpa: (pageBase(entry, entryBytes, level) & ~offset) | (va & offset) }
    }
    table = entry & (entryBytes === 8 ? ADDRESS : 0xffff_f000n)
  }
}

/** 4 MiB pages keep address bits 39:32 in bits 20:13. */
function pageBase(entry: bigint, entryBytes: 4 | 8, level: number): bigint {
  if (entryBytes === 8) return entry & ADDRESS
  return level === 1 ? entry & 0xffff_f000n : (entry & 0xffc0_0000n) | ((entry & 0x001f_e000n) << 19n)
}

function readEntry(cpu: Cpu, gpa: bigint, bytes: 4 | 8): bigint | null {
  const ram = ramAt(cpu, gpa, bytes)
  if (ram === null) return null
  const view = new DataView(ram.buffer, ram.byteOffset, bytes)
  return bytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true))
}

/** Bytes of RAM themselves; null where RAM does not answer. Registers of devices are not read: that could change them. */
function ramAt(cpu: Cpu, gpa: bigint, bytes: number): Uint8Array | null {
  const { ram } = cpu
  const at = Number(gpa)
  if (at + bytes > ram.length || (at < VIDEO_END && at + bytes > VIDEO_START)) return null
  return ram.subarray(at, at + bytes)
}

/** The pieces of RAM behind `bytes` bytes from `va` on, up to the first that is not there. */
function* pieces(cpu: Cpu, va: bigint, bytes: number): Generator<[gpa: bigint, piece: Uint8Array]> {
  for (let done = 0; done < bytes;) {
    const at = BigInt.asUintN(64, va + BigInt(done))
    const count = Math.min(bytes - done, PAGE_BYTES - Number(at & 0xfffn))
    const { gpa } = walk(cpu, at)
    const piece = gpa === null ? null : ramAt(cpu, gpa, count)
    if (gpa === null || piece === null) return
    yield [gpa, piece]
    done += count
  }
}

/** As many of the bytes as are there. */
export function readMemory(cpu: Cpu, va: bigint, bytes: number): Uint8Array {
  const result = new Uint8Array(bytes)
  let done = 0
  for (const [, piece] of pieces(cpu, va, bytes)) {
    result.set(piece, done)
    done += piece.length
  }
  return result.subarray(0, done)
}

/** Writes whatever the pages permit. False, and nothing is written, when not all of the bytes are there. */
export function writeMemory(cpu: Cpu, va: bigint, bytes: Uint8Array): boolean {
  const targets = [...pieces(cpu, va, bytes.length)]
  if (targets.reduce((sum, [, piece]) => sum + piece.length, 0) < bytes.length) return false
  let done = 0
  for (const [gpa, piece] of targets) {
    cpu.ramWritten(Number(gpa), piece.length)
    piece.set(bytes.subarray(done, done + piece.length))
    done += piece.length
  }
  return true
}
