/** What `monitor …` answers in gdb. */
import { CPL } from '../../cpu/layout.ts'
import { entryFlags, walk } from '../memory.ts'
import type { Target } from '../target.ts'
import { registers } from './registers.ts'

interface Command {
  readonly usage: string
  readonly what: string
  run(target: Target, words: readonly string[]): string
}

const commands: Readonly<Record<string, Command>> = {
  help: {
    usage: 'help',
    what: 'this list',
    run: () =>
      Object.values(commands)
        .map(({ usage, what }) => `${usage.padEnd(24)} ${what}`)
        .join('\n'),
  },
  info: {
    usage: 'info registers',
    what: 'general and system registers, ring and place in the run',
    run: (target, [what]) =>
      what === 'registers' ? listRegisters(target) : 'info registers is all there is',
  },
  walk: {
    usage: 'walk ADDRESS',
    what: 'the paging structures from CR3 to the page of an address',
    run: ({ computer }, [text]) => {
      const va = parseAddress(text)
      if (va === null) return 'walk what? give an address, as in walk 0x401000'
      const { steps, gpa } = walk(computer.cpu, va)
      const lines = steps.map(
        ({ name, gpa: at, entry }) => `${name.padEnd(6)} at ${hex(at)}: ${hex(entry)}  ${entryFlags(entry)}`,
      )
      return [...lines, gpa === null ? `${hex(va)} is not mapped` : `${hex(va)} → ${hex(gpa)}`].join('\n')
    },
  },
  counters: {
    usage: 'counters',
    what: 'instructions by ring, and what else the processor has counted',
    run: ({ computer }) => {
      const { rings, events } = computer.cpu.counters()
      const lines = rings.map((count, ring) => `ring ${ring}`.padEnd(20) + String(count))
      return [
        ...lines,
        ...Object.entries(events).map(([name, count]) => name.padEnd(20) + String(count)),
      ].join('\n')
    },
  },
  history: {
    usage: 'history',
    what: 'how far one can go back, and what that takes',
    run: ({ history }) => {
      const { start, present, position, isLive } = history
      const { snapshots, bytes, inputs } = history.statistics
      return [
        `at instruction ${position.instruction}, event ${position.event}${isLive ? ', the present' : ''}`,
        `from instruction ${start.instruction} to ${present.instruction}`,
        `${snapshots} snapshots, ${(bytes / 2 ** 20).toFixed(1)} MiB; ${inputs} inputs from outside`,
      ].join('\n')
    },
  },
  goto: {
    usage: 'goto INSTRUCTION',
    what: 'to where so many instructions had retired; then: maintenance flush register-cache',
    run: (target, [text]) => {
      const instruction = Number(text)
      if (!Number.isSafeInteger(instruction) || instruction < 0)
        return 'goto where? give a count of instructions'
      target.goto({ instruction, event: 0 })
      return `at instruction ${target.history.position.instruction}`
    },
  },
  interrupts: {
    usage: 'interrupts skip|step',
    what: 'whether a step goes over the handler of an interrupt that comes first, or into it',
    run: (target, [how]) => {
      if (how !== 'skip' && how !== 'step') return 'interrupts skip, or interrupts step'
      target.skipsInterrupts = how === 'skip'
      return `a step goes ${how === 'skip' ? 'over' : 'into'} interrupts`
    },
  },
}

export function monitor(target: Target, line: string): string {
  const [name = 'help', ...words] = line
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  return `${command?.run(target, words) ?? `${name}: no such command; monitor help lists them`}\n`
}

function listRegisters({ computer, history }: Target): string {
  const { cpu } = computer
  const shown = registers.filter(({ bits, group }) => bits <= 64 && group !== 'float' && group !== 'vector')
  const cells = shown.map(
    (register) => `${register.name.padEnd(9)} ${register.read(cpu).toString(16).padStart(16, '0')}`,
  )
  const lines = Array.from({ length: Math.ceil(cells.length / 3) }, (_, row) =>
    cells.slice(3 * row, 3 * row + 3).join('   '),
  )
  return [`ring ${cpu.getState32(CPL)}, instruction ${history.position.instruction}`, ...lines].join('\n')
}

/** Decimal, or hexadecimal with 0x. Null when it is neither. */
function parseAddress(text = ''): bigint | null {
  return /^(0x[0-9a-f]+|\d+)$/i.test(text) ? BigInt.asUintN(64, BigInt(text)) : null
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
