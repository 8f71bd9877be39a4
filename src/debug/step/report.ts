/** The stepper where there is no terminal: a line or two for each command. */
import { describeLine } from '../symbols/symbols.ts'
import { disassemble } from './disassembly.ts'
import { readRegisters, ringOf } from './registers.ts'
import { type Screen } from './view.ts'

/** Where the machine stands, what comes next, what the command has changed. */
export function report(screen: Screen): string[] {
  const { target, symbols, before, transition, done } = screen
  const { cpu } = target.computer
  const { instruction, event } = target.history.position
  const [next] = disassemble(cpu, symbols, cpu.rip, 1)
  const where = [next?.place, describeLine(next?.source ?? null)].filter((text) => typeof text === 'string')
  const changes = readRegisters(cpu)
    .filter(({ name, value }, i) => name !== 'rip' && before[i] !== undefined && before[i].value !== value)
    .map(({ name, value }) => `${name}=${value.toString(16)}`)
  return [
    `${instruction}.${event} ring ${ringOf(cpu)} ${cpu.rip.toString(16)} ${where.join(' ')}: ${next?.text ?? '(no memory)'}`,
    ...(changes.length > 0 ? [`  ${changes.join(' ')}`] : []),
    ...(transition === null
      ? []
      : [
          `  ${transition.name}: ring ${transition.fromRing} → ring ${transition.toRing}`,
          ...transition.steps.map((text, i) => `  ${i < done ? '✓' : '·'} ${text}`),
        ]),
    ...(screen.message === '' ? [] : [`  ${screen.message}`]),
  ]
}
