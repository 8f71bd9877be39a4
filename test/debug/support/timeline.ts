/** A machine in this thread with its history, and the same machine without one to compare it with. */
import { History, type HistoryOptions } from '../../../src/debug/history/history.ts'
import type { Position } from '../../../src/debug/history/position.ts'
import { Computer, type ComputerImage, type ComputerOptions } from '../../../src/machine/computer.ts'
import { Control, createControl } from '../../../src/machine/control.ts'
import { InputPort } from '../../../src/machine/input-port.ts'
import { RingFramePort } from '../../../src/machine/frame-port.ts'
import { loadCpuModules } from '../../../src/machine/node/assets.ts'
import { createRing, RingReader, RingWriter } from '../../../src/machine/ring.ts'
import { Runner, type RunnerOptions } from '../../../src/machine/runner.ts'
import { SerialPort } from '../../../src/machine/serial-port.ts'
import { hashState } from '../../../src/machine/snapshot/state-hash.ts'

const modules = loadCpuModules()

export interface TimelineOptions extends ComputerImage {
  readonly memoryBytes?: number
  readonly hasNet?: boolean
  readonly maxBytes?: number
  /** `leap` by default. With `wait` the host wakes a halted machine at once, so that this thread never sleeps. */
  readonly idle?: 'wait' | 'leap'
  readonly engine?: ComputerOptions['engine']
  readonly drives?: ComputerOptions['drives']
}

class WakefulControl extends Control {
  override sleep(): boolean {
    return true
  }
}

/** Both ends of the wires of a machine. */
export class Timeline {
  readonly history: History | null
  readonly computer: Computer
  readonly control = new WakefulControl(createControl())
  readonly frames = rings(1 << 20)
  readonly serial = rings(1 << 16)
  readonly #runner: RunnerOptions

  constructor(options: TimelineOptions, hasHistory: boolean) {
    const { control } = this
    const history = hasHistory
      ? new History({ maxBytes: options.maxBytes ?? 1 << 30 } satisfies HistoryOptions)
      : null
    this.history = history
    const wait = (): void => {
      throw new Error('the test does not empty the rings')
    }
    const output = (ring: RingWriter) => history?.output(ring, wait) ?? ring
    const serial = new SerialPort(output(this.serial.output.writer), control, () => {})
    const typed = new InputPort(
      history?.input('serial', this.serial.input.reader) ?? this.serial.input.reader,
    )
    const port = new RingFramePort(
      output(this.frames.output.writer),
      history?.input('frames', this.frames.input.reader) ?? this.frames.input.reader,
      control,
      () => {},
    )
    const drives = options.drives?.map((drive) => ({
      ...drive,
      disk: history?.disk(drive.disk) ?? drive.disk,
    }))
    const computer = new Computer({
      modules,
      memoryBytes: options.memoryBytes ?? 8 << 20,
      engine: options.engine ?? 'interpreter',
      seed: new Uint8Array(32).fill(3),
      epochMs: 0,
      serial: (byte) => serial.transmit(byte),
      ...(options.hasNet === true
        ? { net: { port, mac: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56) } }
        : {}),
      ...(drives === undefined ? {} : { drives }),
    })
    computer.load(options)
    typed.attach(computer.board.uart)
    this.computer = computer
    const { board, clock, cpu } = computer
    this.#runner = {
      board,
      clock,
      processor: cpu,
      control,
      maxInstructions: Infinity,
      idle: options.idle ?? 'leap',
      poll: () => {
        typed.feed()
        serial.flush()
        if (board.net !== null && (port.hasReceived || board.net.isBlocked)) board.net.resume()
      },
      flush: () => serial.flush(),
    }
    history?.begin(this.#runner, computer)
  }

  /** Without a history: on to exactly so many instructions, unless the guest ends before. */
  runTo(instructions: number, isFirst: boolean): void {
    new Runner({ ...this.#runner, saveAt: instructions, isRestored: !isFirst }).run()
  }

  /** All of the state, and where it was met. */
  async hash(): Promise<string> {
    return `${this.computer.cpu.retired} ${await hashState(this.computer)}`
  }

  takeSerial(): string {
    let text = ''
    for (
      let bytes = this.serial.output.reader.read();
      bytes !== null;
      bytes = this.serial.output.reader.read()
    )
      text += new TextDecoder('latin1').decode(bytes)
    return text
  }
}

export const at = (instruction: number, event = 0): Position => ({ instruction, event })

interface Pair {
  readonly writer: RingWriter
  readonly reader: RingReader
}

function rings(bytes: number): { input: Pair; output: Pair } {
  const pair = (): Pair => {
    const ring = createRing(bytes)
    return { writer: new RingWriter(ring), reader: new RingReader(ring) }
  }
  return { input: pair(), output: pair() }
}
