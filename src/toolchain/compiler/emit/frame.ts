import { calleeSaved } from '../lower/convention.ts'
import type { MachineFunction, Reg } from '../lower/mir.ts'
import type { Allocation } from '../regalloc/linear-scan.ts'

/**
 * The frame, from high to low: return address, saved RBP (where RBP points, a multiple of 16), saved callee-saved
 * registers, stack slots, outgoing arguments (where RSP points, a multiple of 16).
 */
export interface Frame {
  /** Whether RBP is set up at all. A leaf without slots has no frame. */
  readonly exists: boolean
  readonly saved: readonly number[]
  /** Bytes below the saved registers. */
  readonly size: number
  /** Offset of a slot from RBP. */
  readonly slots: ReadonlyMap<Reg, number>
}

export function layoutFrame(machine: MachineFunction, allocation: Allocation): Frame {
  const used = new Set<number>()
  for (const parts of allocation.parts) {
    for (const part of parts) if (part.assigned >= 0 && part.reg.class === 'gpr') used.add(part.assigned)
  }
  const saved = calleeSaved.filter((number) => used.has(number))
  const { slots, bytes } = assignSlots(allocation, saved.length * 8)
  const exists = machine.hasCalls || machine.needsFrame || slots.size > 0
  const below = saved.length * 8 + bytes + machine.outgoing
  const size = exists ? Math.ceil(below / 16) * 16 - saved.length * 8 : 0
  return { exists, saved, size, slots }
}

/** Gives slots to spilled registers; registers that do not live at the same time may share one. */
function assignSlots(allocation: Allocation, above: number): { slots: Map<Reg, number>; bytes: number } {
  const slots = new Map<Reg, number>()
  const lives = [...allocation.spilled].map((reg) => {
    const parts = allocation.parts[reg.id]!
    return { reg, from: parts[0]!.from, to: parts.at(-1)!.to, wide: reg.bits === 128 }
  })
  lives.sort((a, b) => a.from - b.from)
  const free: { wide: boolean; offset: number; until: number }[] = []
  let depth = above
  for (const { reg, from, to, wide } of lives) {
    let slot = free.find((each) => each.wide === wide && each.until <= from)
    if (!slot) {
      const size = wide ? 16 : 8
      depth = Math.ceil((depth + size) / size) * size
      slot = { wide, offset: -depth, until: 0 }
      free.push(slot)
    }
    slot.until = to
    slots.set(reg, slot.offset)
  }
  return { slots, bytes: depth - above }
}
