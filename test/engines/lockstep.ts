/** Two whole machines with the same image and different engines, side by side: after each step everything must be equal. */
import type { Engine } from '../../src/cpu/run-loop.ts'
import * as L from '../../src/cpu/layout.ts'
import type { Computer, ComputerImage } from '../../src/machine/computer.ts'
import { Control, createControl, STOP_REQUESTED } from '../../src/machine/control.ts'
import type { Exit } from '../../src/machine/exit.ts'
import { fixedComputer } from '../machine/support/computer.ts'
import { runComputer } from '../machine/support/run.ts'

export interface Machine {
  readonly computer: Computer
  readonly serial: () => string
  /** Runs until so many instructions have been retired since the reset. */
  runTo(instructions: number): Exit
}

/** A machine whose inputs are all fixed. What has been typed stands in `input`, one character after each that came out. */
export function startMachine(engine: Engine, image: ComputerImage, memoryBytes: number): Machine {
  let serial = ''
  const computer = fixedComputer({
    memoryBytes,
    engine,
    serial: (byte) => (serial += String.fromCharCode(byte)),
  })
  computer.load(image)
  const { clock } = computer
  return {
    computer,
    serial: () => serial,
    runTo: (maxInstructions) => {
      const control = new Control(createControl())
      // A guest that sleeps for ever has come to its end.
      const flush = (): void => {
        if (clock.nextDeadlineNs === Infinity) control.requestStop(STOP_REQUESTED)
      }
      return runComputer(computer, { control, maxInstructions, flush })
    },
  }
}

/** Fields of the state block that a guest can see, by name. */
const visible: Readonly<Record<string, number>> = {
  CR0: L.CR0,
  CR2: L.CR2,
  CR3: L.CR3,
  CR4: L.CR4,
  EFER: L.EFER,
  LSTAR: L.LSTAR,
  STAR: L.STAR,
  KERNEL_GS_BASE: L.KERNEL_GS_BASE,
  GDTR: L.GDTR,
  IDTR: L.IDTR,
  'FS base': L.SEGMENTS + L.FS * L.SEG_SIZE + L.SEG_BASE,
  'GS base': L.SEGMENTS + L.GS * L.SEG_SIZE + L.SEG_BASE,
  CS: L.SEGMENTS + L.CS * L.SEG_SIZE,
  SS: L.SEGMENTS + L.SS * L.SEG_SIZE,
}

/** Everything but RAM that two engines must agree on. */
export function describeState({ computer: { cpu } }: Machine): string {
  const lines = [`RIP ${cpu.rip.toString(16)}`, `RFLAGS ${cpu.rflags.toString(16)}`, `retired ${cpu.retired}`]
  for (let n = 0; n < 16; n++) lines.push(`r${n} ${cpu.gpr(n).toString(16)}`)
  for (let n = 0; n < 16; n++)
    for (const lane of [0, 1] as const)
      lines.push(`v${n}.${lane} ${Buffer.from(cpu.vector(n, lane)).toString('hex')}`)
  for (const [name, offset] of Object.entries(visible))
    lines.push(`${name} ${cpu.getState64(offset).toString(16)}`)
  lines.push(`MXCSR ${cpu.getState32(L.MXCSR)}`, `CPL ${cpu.getState32(L.CPL)}`)
  for (let at = L.FCW; at < L.FPU_REGISTERS + 8 * L.FPU_STRIDE; at += 8)
    lines.push(`fpu+${at - L.FCW} ${cpu.getState64(at).toString(16)}`)
  return lines.join('\n')
}

/** What differs, or null. RAM is compared in whole. */
export function difference(a: Machine, b: Machine): string | null {
  const [x, y] = [describeState(a).split('\n'), describeState(b).split('\n')]
  const differing = x.flatMap((line, n) => (line === y[n] ? [] : [`${line} | ${y[n]}`]))
  const [ramA, ramB] = [a, b].map(({ computer }) =>
    Buffer.from(computer.cpu.memory.buffer, computer.cpu.memory.ramOffset),
  )
  const size = a.computer.cpu.ram.length
  if (Buffer.compare(ramA!.subarray(0, size), ramB!.subarray(0, size)) !== 0) {
    let at = 0
    while (ramA![at] === ramB![at]) at++
    differing.push(`RAM at ${at.toString(16)}: ${ramA![at]} | ${ramB![at]}`)
  }
  return differing.length > 0 ? differing.join('\n') : null
}

export interface LockstepResult {
  readonly exit: Exit
  readonly checks: number
  readonly serial: string
  /** What differed, and between which counts of instructions it came about; null when nothing did. */
  readonly difference: string | null
}

/** Runs both until they end or `limit`, comparing every `step` instructions. */
export function lockstep(
  image: ComputerImage,
  engines: readonly [Engine, Engine],
  {
    step,
    limit,
    memoryBytes = 64 << 20,
    onCheck,
  }: { step: number; limit: number; memoryBytes?: number; onCheck?: (instructions: number) => void },
): LockstepResult {
  const [a, b] = engines.map((engine) => startMachine(engine, image, memoryBytes)) as [Machine, Machine]
  for (let checks = 1, at = step; ; checks++, at += step) {
    const [x, y] = [a.runTo(Math.min(at, limit)), b.runTo(Math.min(at, limit))]
    const found = x.reason === y.reason ? difference(a, b) : `${x.reason} | ${y.reason}`
    onCheck?.(x.instructions)
    const ended = x.reason !== 'instruction-limit' || at >= limit
    if (found !== null || ended)
      return {
        exit: x,
        checks,
        serial: b.serial(),
        difference: found && `between ${at - step} and ${at} instructions, ${engines.join(' | ')}:\n${found}`,
      }
  }
}
