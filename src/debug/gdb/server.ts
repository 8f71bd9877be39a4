/**
 * A server of gdb's remote serial protocol. GDB manual, appendix E. Bytes come in, bytes go out; whoever owns it says when it may run the machine. Nothing that
 * comes in can do more than get an error for an answer.
 */
import type { Stop } from '../../machine/exit.ts'
import type { Halt, Target } from '../target.ts'
import { INVALID, OK, parseHex } from './answers.ts'
import { readBytes, writeBinary, writeHex } from './memory-packets.ts'
import { monitor } from './monitor.ts'
import {
  ACKNOWLEDGED,
  framePacket,
  fromHex,
  MAX_PACKET_BYTES,
  PacketReader,
  REFUSED,
  toHex,
} from './packet.ts'
import { Points } from './points.ts'
import { readRegister, readRegisters, writeRegister, writeRegisters } from './register-packets.ts'
import { targetXml } from './target-xml.ts'

const SIGINT = '02'
const SIGTRAP = '05'

/** What the machine is doing for gdb. */
type Motion =
  | { readonly kind: 'continue' | 'step' | 'reverse-continue' | 'reverse-step' }
  | { readonly kind: 'range'; readonly from: bigint; readonly to: bigint }
  /** Nobody is connected. */
  | { readonly kind: 'free' }

export class GdbServer {
  readonly #target: Target
  readonly #send: (bytes: Uint8Array) => void
  #reader = new PacketReader()
  #acknowledges = true
  #lastSent: Uint8Array | null = null
  #motion: Motion | null = null
  readonly #points: Points
  #lastReply = `T${SIGTRAP}thread:01;`
  #hasToldEnd = false
  /** Set when gdb has ended the machine, or was told of its end. */
  #stop: Stop | 'killed' | null = null

  constructor(target: Target, send: (bytes: Uint8Array) => void) {
    this.#target = target
    this.#send = send
    this.#points = new Points(target)
  }

  /** Somebody has connected: the machine stands still. */
  connected(): void {
    this.#reader = new PacketReader()
    this.#acknowledges = true
    this.#lastSent = null
    this.#motion = null
    this.#points.clear()
    this.#lastReply = `T${SIGTRAP}thread:01;`
  }

  /** The connection is gone: the machine goes on without. */
  disconnected(): void {
    this.#points.clear()
    this.#motion = { kind: 'free' }
  }

  /** How the machine ends, once it does. */
  get stop(): Stop | 'killed' | null {
    return this.#stop
  }

  get isMoving(): boolean {
    return this.#motion !== null
  }

  receive(bytes: Uint8Array): void {
    for (const incoming of this.#reader.read(bytes)) {
      if (incoming.kind === 'interrupt') this.#interrupt()
      else if (incoming.kind === 'resend') this.#resend()
      else if (incoming.kind === 'damaged') this.#send(REFUSED)
      else this.#handle(incoming.data)
    }
  }

  /** Lets the machine go until it rests or somebody is to be heard; to be called while `isMoving`. */
  move(): void {
    const motion = this.#motion
    if (motion === null) return
    const halt = this.#go(motion)
    // Who has interrupted it is heard now, and then it goes on, unless that was gdb.
    if (halt === null || halt.why === 'interrupted') return
    if (motion.kind === 'free') {
      if (halt.why === 'ended') this.#stop = this.#target.history.ended
      return
    }
    this.#motion = null
    if (halt.why === 'ended') return this.#tellEnd()
    this.#rest(SIGTRAP, halt)
  }

  #go(motion: Motion): Halt | null {
    const target = this.#target
    switch (motion.kind) {
      case 'free':
      case 'continue':
        return target.continue()
      case 'step':
        return target.step()
      case 'reverse-step':
        return target.stepBack()
      case 'reverse-continue':
        return target.reverseContinue()
      case 'range': {
        const halt = target.step()
        const { rip } = target.computer.cpu
        const isInside = rip >= motion.from && rip < motion.to
        return halt.why === 'there' && isInside && !this.#points.isBreakpoint(rip) ? null : halt
      }
    }
  }

  #interrupt(): void {
    if (this.#motion === null || this.#motion.kind === 'free') return
    this.#motion = null
    this.#rest(SIGINT, { why: 'interrupted' })
  }

  #rest(signal: string, halt: Halt): void {
    const reason = halt.why === 'history-begins' ? 'replaylog:begin;' : this.#points.reason(halt)
    this.#lastReply = `T${signal}thread:01;${reason}`
    this.#reply(this.#lastReply)
  }

  /** First the machine only stands there, so that one can go back from its end; gdb hears that it is over when it wants to go on. */
  #tellEnd(): void {
    const stop = this.#target.history.ended!
    if (this.#hasToldEnd) {
      this.#stop = stop
      return this.#reply(`W${stop.status.toString(16).padStart(2, '0')}`)
    }
    this.#hasToldEnd = true
    this.#print(`${stop.message}; go back from here, or continue to let it end\n`)
    this.#rest(SIGTRAP, { why: 'ended' })
  }

  #print(text: string): void {
    this.#reply(`O${toHex(new TextEncoder().encode(text))}`)
  }

  #reply(text: string): void {
    this.#lastSent = framePacket(text)
    this.#send(this.#lastSent)
  }

  #resend(): void {
    if (this.#lastSent !== null) this.#send(this.#lastSent)
  }

  #handle(data: Uint8Array): void {
    if (this.#acknowledges) this.#send(ACKNOWLEDGED)
    // Nobody asks anything while the machine runs.
    if (this.#motion !== null && this.#motion.kind !== 'free') return
    const answer = this.#answer(data)
    if (answer !== null) this.#reply(answer)
  }

  /** Null: the answer comes later, or never. */
  #answer(data: Uint8Array): string | null {
    const text = String.fromCharCode(...data)
    const rest = text.slice(1)
    switch (text[0]) {
      case '?':
        return this.#lastReply
      case 'g':
        return readRegisters(this.#target)
      case 'G':
        return writeRegisters(this.#target, rest)
      case 'p':
        return readRegister(this.#target, rest)
      case 'P':
        return writeRegister(this.#target, rest)
      case 'm':
        return readBytes(this.#target, rest)
      case 'M':
        return writeHex(this.#target, rest)
      case 'X':
        return writeBinary(this.#target, text, data)
      case 'Z':
      case 'z':
        return this.#points.change(text[0] === 'Z', rest)
      case 'c':
      case 's':
        return this.#resumeAt(text[0] === 'c' ? 'continue' : 'step', rest)
      case 'C':
      case 'S':
        return this.#resumeAt(text[0] === 'C' ? 'continue' : 'step', rest.split(';')[1] ?? '')
      case 'b':
        return this.#reverse(rest)
      case 'D':
        this.#reply(OK)
        this.disconnected()
        return null
      case 'k':
        this.#stop = 'killed'
        return null
      case 'H':
      case 'T':
        return OK
      case 'q':
      case 'Q':
        return this.#query(text)
      case 'v':
        return this.#long(text)
      default:
        return ''
    }
  }

  #query(text: string): string {
    if (text.startsWith('qSupported')) {
      this.#points.tellsBreakpoints = text.includes('swbreak+')
      return `PacketSize=${(MAX_PACKET_BYTES >> 1).toString(16)};qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+;ReverseStep+;ReverseContinue+`
    }
    if (text === 'QStartNoAckMode') {
      this.#acknowledges = false
      return OK
    }
    if (text.startsWith('qXfer:features:read:')) return this.#transfer(text)
    if (text.startsWith('qRcmd,')) return this.#monitor(text.slice(6))
    if (text === 'qC') return 'QC01'
    if (text === 'qfThreadInfo') return 'm01'
    if (text === 'qsThreadInfo') return 'l'
    if (text.startsWith('qAttached')) return '1'
    if (text.startsWith('qThreadExtraInfo')) return toHex(new TextEncoder().encode('processor'))
    return ''
  }

  #transfer(text: string): string {
    const match = /^qXfer:features:read:target\.xml:([0-9a-f]{1,8}),([0-9a-f]{1,8})$/i.exec(text)
    if (match === null) return 'E00'
    const [offset, length] = match.slice(1).map((digits) => Number.parseInt(digits, 16))
    const piece = targetXml.slice(offset, offset! + Math.min(length!, MAX_PACKET_BYTES >> 2))
    return (offset! + piece.length < targetXml.length ? 'm' : 'l') + piece
  }

  #monitor(digits: string): string {
    const bytes = fromHex(digits)
    if (bytes === null) return INVALID
    this.#print(monitor(this.#target, new TextDecoder().decode(bytes)))
    return OK
  }

  #long(text: string): string | null {
    if (text === 'vCont?') return 'vCont;c;C;s;S;r'
    if (text.startsWith('vKill')) {
      this.#reply(OK)
      this.#stop = 'killed'
      return null
    }
    const action = /^vCont;([cCsSr])([0-9a-f]*)(?:,([0-9a-f]+))?/i.exec(text)
    if (action === null) return text.startsWith('vCont') ? INVALID : ''
    const [, letter = '', from = '', to = ''] = action
    if (letter === 'r') {
      if (from === '' || to === '') return INVALID
      this.#motion = { kind: 'range', from: BigInt(`0x${from}`), to: BigInt(`0x${to}`) }
    } else this.#motion = { kind: letter.toLowerCase() === 's' ? 'step' : 'continue' }
    return null
  }

  #resumeAt(kind: 'continue' | 'step', address: string): string | null {
    if (address !== '') {
      const rip = parseHex(address)
      if (rip === null) return INVALID
      const { cpu } = this.#target.computer
      this.#target.history.edit(() => (cpu.rip = rip))
    }
    this.#motion = { kind }
    return null
  }

  #reverse(letter: string): string | null {
    if (letter !== 's' && letter !== 'c') return ''
    this.#hasToldEnd = false
    this.#motion = { kind: letter === 's' ? 'reverse-step' : 'reverse-continue' }
    return null
  }
}
