/**
 * The keyboard controller of a PC (IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller): ports 0x60 and 0x64, keyboard on interrupt 1,
 * mouse on interrupt 12, gate A20 and reset line on its output port. Bytes travel at once, so that the output buffer is filled anew when it is read.
 */
import type { InterruptLine, PortDevice, Stateful } from '../device.ts'
import type { A20Gate } from '../platform/a20-gate.ts'
import type { Ps2Device } from './ps2-port.ts'
import { RELEASE_PREFIX, translate } from './scan-codes.ts'

/** Offsets from port 0x60. */
const DATA = 0
const COMMAND = 4

/* Status register. */
const OUTPUT_FULL = 0x01
const SYSTEM = 0x04
const WAS_COMMAND = 0x08
const UNLOCKED = 0x10
const OUTPUT_IS_MOUSE = 0x20

/* Command byte, which is byte 0 of the controller's memory. */
const KEYBOARD_INTERRUPT = 0x01
const MOUSE_INTERRUPT = 0x02
const SYSTEM_FLAG = 0x04
const KEYBOARD_OFF = 0x10
const MOUSE_OFF = 0x20
const TRANSLATES = 0x40

/* Output port. */
const NOT_RESET = 0x01
const A20 = 0x02
const KEYBOARD_FULL = 0x10
const MOUSE_FULL = 0x20
const UNCONNECTED = 0xcc

const INPUT_PORT_VALUE = 0x80
const SELF_TEST_PASSED = 0x55
const TEST_PASSED = 0x00
const MEMORY_BYTES = 32

export interface I8042Wires {
  keyboardInterrupt: InterruptLine
  mouseInterrupt: InterruptLine
  a20: A20Gate
  reset(): void
}

export interface I8042State {
  memory: number[]
  status: number
  output: number
  /** The command whose argument port 0x60 takes next, or 0. */
  command: number
  outputPort: number
  /** The keyboard has sent the prefix of a release, which translation turns into a bit. */
  isRelease: boolean
}

export class I8042 implements PortDevice, Stateful<I8042State> {
  readonly widest = 1
  readonly #wires: I8042Wires
  readonly #keyboard: Ps2Device
  readonly #mouse: Ps2Device
  #state: I8042State = powerOn()
  #isFilling = false

  constructor(keyboard: Ps2Device, mouse: Ps2Device, wires: I8042Wires) {
    this.#keyboard = keyboard
    this.#mouse = mouse
    this.#wires = wires
  }

  read(offset: number): number {
    if (offset === COMMAND) return this.#state.status
    if (offset !== DATA) return 0xff
    const { output } = this.#state
    this.#state.status &= ~(OUTPUT_FULL | OUTPUT_IS_MOUSE)
    this.#driveInterrupts()
    this.fill()
    return output
  }

  write(offset: number, _size: number, value: number): void {
    const state = this.#state
    if (offset === COMMAND) {
      state.status |= WAS_COMMAND
      state.command = 0
      this.#execute(value)
    } else if (offset === DATA) {
      state.status &= ~WAS_COMMAND
      const { command } = state
      state.command = 0
      this.#take(command, value)
    }
    this.fill()
  }

  /** Takes the next byte of a device that may send, when the output buffer is empty. To be called when a device has something to say. */
  fill(): void {
    // A device that is asked for a byte may say that it has another one.
    if (this.#isFilling) return
    this.#isFilling = true
    while (!(this.#state.status & OUTPUT_FULL) && (this.#fromKeyboard() || this.#fromMouse()));
    this.#isFilling = false
  }

  /** What a BIOS leaves: the keyboard interrupts and is translated, the mouse is off. */
  setUp(): void {
    this.#state.status |= SYSTEM
    this.#state.memory[0] = KEYBOARD_INTERRUPT | SYSTEM_FLAG | MOUSE_OFF | TRANSLATES
  }

  reset(): void {
    this.#keyboard.reset()
    this.#mouse.reset()
    this.#state = powerOn()
    this.#driveInterrupts()
  }

  save(): I8042State {
    return { ...this.#state, memory: [...this.#state.memory] }
  }

  load(state: I8042State): void {
    this.#state = { ...state, memory: [...state.memory] }
    this.#driveInterrupts()
  }

  get #commandByte(): number {
    return this.#state.memory[0]!
  }

  /** False when the keyboard has nothing to say. */
  #fromKeyboard(): boolean {
    const state = this.#state
    if (this.#commandByte & KEYBOARD_OFF) return false
    const byte = this.#keyboard.next()
    if (byte === undefined) return false
    if (!(this.#commandByte & TRANSLATES)) this.#put(byte, false)
    else if (byte === RELEASE_PREFIX) state.isRelease = true
    else {
      this.#put(translate(byte) | (state.isRelease ? 0x80 : 0), false)
      state.isRelease = false
    }
    return true
  }

  #fromMouse(): boolean {
    const byte = this.#commandByte & MOUSE_OFF ? undefined : this.#mouse.next()
    if (byte !== undefined) this.#put(byte, true)
    return byte !== undefined
  }

  #put(byte: number, isMouse: boolean): void {
    const state = this.#state
    state.output = byte
    state.status = (state.status & ~OUTPUT_IS_MOUSE) | OUTPUT_FULL | (isMouse ? OUTPUT_IS_MOUSE : 0)
    this.#driveInterrupts()
  }

  /** What the controller itself has to say comes before what the devices have. */
  #answer(byte: number): void {
    this.#put(byte, false)
  }

  #driveInterrupts(): void {
    const { status } = this.#state
    const isFull = (status & OUTPUT_FULL) !== 0
    const isMouse = (status & OUTPUT_IS_MOUSE) !== 0
    this.#wires.keyboardInterrupt(isFull && !isMouse && (this.#commandByte & KEYBOARD_INTERRUPT) !== 0)
    this.#wires.mouseInterrupt(isFull && isMouse && (this.#commandByte & MOUSE_INTERRUPT) !== 0)
  }

  #execute(command: number): void {
    if (command >= 0x20 && command < 0x40) return this.#answer(this.#state.memory[command - 0x20]!)
    // Those that port 0x60 completes.
    if ((command >= 0x60 && command < 0x80) || (command >= 0xd1 && command <= 0xd4)) {
      this.#state.command = command
      return
    }
    // Pulses of the four lowest lines of the output port, zeros being those that are pulsed.
    if (command >= 0xf0) return command & NOT_RESET ? undefined : this.#wires.reset()
    switch (command) {
      case 0xa7:
        return this.#setCommandByte(this.#commandByte | MOUSE_OFF)
      case 0xa8:
        return this.#setCommandByte(this.#commandByte & ~MOUSE_OFF)
      case 0xaa:
        return this.#selfTest()
      case 0xa9:
      case 0xab:
        return this.#answer(TEST_PASSED)
      case 0xad:
        return this.#setCommandByte(this.#commandByte | KEYBOARD_OFF)
      case 0xae:
        return this.#setCommandByte(this.#commandByte & ~KEYBOARD_OFF)
      case 0xc0:
        return this.#answer(INPUT_PORT_VALUE)
      case 0xd0:
        return this.#answer(this.#outputPort)
      case 0xdd:
      case 0xdf:
        return this.#wires.a20.set(command === 0xdf)
    }
  }

  #take(command: number, value: number): void {
    if (command === 0) {
      // The keyboard is switched on by whoever talks to it.
      this.#setCommandByte(this.#commandByte & ~KEYBOARD_OFF)
      this.#keyboard.receive(value)
    } else if (command < 0x80) this.#writeMemory(command - 0x60, value)
    else if (command === 0xd1) this.#writeOutputPort(value)
    else if (command === 0xd2 || command === 0xd3) this.#put(value, command === 0xd3)
    else this.#mouse.receive(value)
  }

  #writeMemory(at: number, value: number): void {
    if (at === 0) this.#setCommandByte(value)
    else this.#state.memory[at] = value
  }

  #setCommandByte(value: number): void {
    const state = this.#state
    state.memory[0] = value
    state.status = (state.status & ~SYSTEM) | (value & SYSTEM_FLAG ? SYSTEM : 0)
    this.#driveInterrupts()
  }

  #selfTest(): void {
    this.#state.status |= SYSTEM
    this.#state.memory[0]! |= SYSTEM_FLAG
    this.#answer(SELF_TEST_PASSED)
  }

  get #outputPort(): number {
    const { status, outputPort } = this.#state
    const full = status & OUTPUT_FULL ? (status & OUTPUT_IS_MOUSE ? MOUSE_FULL : KEYBOARD_FULL) : 0
    return (outputPort & ~A20) | (this.#wires.a20.isOpen ? A20 : 0) | full
  }

  #writeOutputPort(value: number): void {
    this.#wires.a20.set((value & A20) !== 0)
    this.#state.outputPort = UNCONNECTED | (value & (A20 | NOT_RESET))
    if (!(value & NOT_RESET)) this.#wires.reset()
  }
}

function powerOn(): I8042State {
  const memory = Array.from({ length: MEMORY_BYTES }, () => 0)
  memory[0] = KEYBOARD_INTERRUPT | MOUSE_INTERRUPT
  return {
    memory,
    status: WAS_COMMAND | UNLOCKED,
    output: 0,
    command: 0,
    outputPort: UNCONNECTED | NOT_RESET | A20,
    isRelease: false,
  }
}
