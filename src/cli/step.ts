/** `onering step`: a machine at the terminal, forwards and backwards. */
import type { CAC } from 'cac'
import type { ReadStream } from 'node:tty'
import { HostChannel } from '../debug/node/channel.ts'
import type { Exit, Machine } from '../index.ts'
import { MESSAGE_SIZE } from '../machine/debug-channel.ts'
import { DEFAULT_HISTORY, debugOptions, HISTORY_HELP } from './debug.ts'
import { createProgress } from './progress.ts'
import { machineOptions, type MachineFlags } from './machine-flags.ts'
import { prepare } from './prepare.ts'

interface StepFlags extends MachineFlags {
  commands?: string
  history: string | number
}

const ALTERNATE_SCREEN = '\x1b[?1049h\x1b[?25l\x1b[2J'
const NORMAL_SCREEN = '\x1b[?25h\x1b[?1049l'
/** Where the last line of the guest's output stands, below the stepper's. */
const GUEST_ROW = 30
const COLUMNS = 100

export function defineStep(cli: CAC): void {
  machineOptions(
    cli.command(
      'step [image]',
      'Run an application or an image step by step, forwards and backwards, with registers, code, stack and transitions',
    ),
  )
    .option(
      '--commands <words>',
      'Commands in place of keys, as in "r n n b"; without a terminal they are read from standard input',
    )
    .option('--history <size>', HISTORY_HELP, { default: DEFAULT_HISTORY })
    .example('onering step hello.ts --link trap')
    .example('onering step hello.ts --link trap --commands "B main c r m m R"')
    .action(step)
}

async function step(path: string | undefined, flags: StepFlags): Promise<number> {
  const progress = createProgress(process.stderr, flags.quiet === true)
  const { machine } = await prepare(path, flags, progress, process.stdout, debugOptions('step', flags))
  const channel = new HostChannel(machine)
  machine.on('warning', (text) => progress.done(text))
  const isScript = flags.commands !== undefined || !process.stdin.isTTY || !process.stdout.isTTY
  const exit = isScript
    ? await runScript(machine, channel, flags.commands)
    : await runTerminal(machine, channel, process.stdin)
  channel.close()
  return exit.reason === 'stopped' ? 0 : exit.status
}

async function runScript(
  machine: Machine,
  channel: HostChannel,
  commands: string | undefined,
): Promise<Exit> {
  machine.on('debug', (bytes) => process.stdout.write(bytes))
  machine.on('serial', (bytes) => process.stdout.write(bytes))
  const running = machine.run()
  const encoder = new TextEncoder()
  channel.data(encoder.encode(`${commands ?? (await readAll())} q\n`))
  return running
}

async function readAll(): Promise<string> {
  let text = ''
  for await (const piece of process.stdin) text += String(piece)
  return text
}

async function runTerminal(machine: Machine, channel: HostChannel, input: ReadStream): Promise<Exit> {
  const { stdout } = process
  const decoder = new TextDecoder()
  let line = ''
  machine.on('debug', (bytes) => stdout.write(bytes))
  machine.on('serial', (bytes) => {
    const lines = (line + decoder.decode(bytes, { stream: true })).split('\n')
    line = lines.pop()!.slice(-1000)
    const shown = line === '' ? (lines.at(-1) ?? '') : line
    stdout.write(`\x1b[${GUEST_ROW};1H\x1b[K${printable(shown)}`)
  })
  const onData = (bytes: Buffer): void => channel.data(new Uint8Array(bytes))
  const onResize = (): void => {
    stdout.write('\x1b[2J')
    channel.send(MESSAGE_SIZE)
  }
  stdout.write(ALTERNATE_SCREEN)
  input.setRawMode(true)
  input.on('data', onData)
  stdout.on('resize', onResize)
  try {
    const running = machine.run()
    channel.send(MESSAGE_SIZE)
    return await running
  } finally {
    input.off('data', onData)
    stdout.off('resize', onResize)
    input.setRawMode(false)
    input.pause()
    stdout.write(NORMAL_SCREEN)
  }
}

/** One line of the guest's, without what would move the cursor. */
function printable(text: string): string {
  return Array.from(text, (letter) => (letter < ' ' || letter === '\x7f' ? '' : letter))
    .slice(0, COLUMNS)
    .join('')
}
