/** MOV to and from DR0 … DR7. SDM Vol. 3B, 17.2. */
import { DR } from '../../layout'
import { CR4_DE } from '../bits'
import { updateWatch } from '../debug/breakpoints'
import { DR6_BD, raiseDebugFault } from '../debug/trap'
import { flushTlb } from '../mmu/tlb'
import { WATCH } from '../private'
import { raiseGp, raiseUd } from '../raise'
import { cr4Has, getCpl, getNextRip, setGpr, setRip } from '../state'
import { CONTINUE, JUMP } from '../status'

const DR6_FIXED: u64 = 0xffff_0ff0
const DR6_WRITABLE: u64 = 0xe00f
const DR7_FIXED: u64 = 0x400
const DR7_WRITABLE: u64 = 0xffff_23ff
const DR7_GD: u64 = 1 << 13

function register(cpu: usize, dr: u32): usize {
  return cpu + DR + ((<usize>dr) << 3)
}

/** DR4 and DR5 are DR6 and DR7 unless CR4.DE is set; DR8 … DR15 can be encoded but do not exist. */
function check(cpu: usize, dr: u32): i32 {
  if (dr > 7 || ((dr == 4 || dr == 5) && cr4Has(cpu, CR4_DE))) return raiseUd(cpu)
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  return load<u64>(register(cpu, 7)) & DR7_GD ? raiseDebugFault(cpu, DR6_BD) : CONTINUE
}

function aliased(dr: u32): u32 {
  return dr == 4 || dr == 5 ? dr + 2 : dr
}

export function movToDr(cpu: usize, dr: u32, value: u64): i32 {
  const status = check(cpu, dr)
  if (status) return status
  const n = aliased(dr)
  if (n == 6) {
    if (value >> 32) return raiseGp(cpu, 0)
    store<u64>(register(cpu, 6), (value & DR6_WRITABLE) | DR6_FIXED)
    return CONTINUE
  }
  if (n == 7 && value >> 32) return raiseGp(cpu, 0)
  store<u64>(register(cpu, n), n == 7 ? (value & DR7_WRITABLE) | DR7_FIXED : value)
  return rearm(cpu)
}

/** Pages that are watched now, or were, get their tags anew. */
function rearm(cpu: usize): i32 {
  const before = load<u32>(cpu, WATCH)
  updateWatch(cpu)
  if (!(before | load<u32>(cpu, WATCH))) return CONTINUE
  flushTlb(cpu)
  setRip(cpu, getNextRip(cpu))
  return JUMP
}

export function movFromDr(cpu: usize, dr: u32, gpr: u32): i32 {
  const status = check(cpu, dr)
  if (status) return status
  setGpr(cpu, gpr, load<u64>(register(cpu, aliased(dr))))
  return CONTINUE
}
