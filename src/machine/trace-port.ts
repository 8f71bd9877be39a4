/**
 * The way of a trace to the host: what the processor records, and in between the frames of the network card, in the order in which things happened, as
 * records of `cpu/trace-record.ts` in a ring. Waits when the host does not keep up: no record is lost.
 */
import type { Cpu } from '../cpu/cpu.ts'
import { COUNTERS_LENGTH } from '../cpu/counters.ts'
import { COUNTERS, HALTED_NS } from '../cpu/layout.ts'
import * as P from '../cpu/probe.ts'
import * as R from '../cpu/trace-record.ts'
import type { FramePort } from '../devices/virtio/net/net.ts'
import type { Control } from './control.ts'
import type { RingWriter } from './ring.ts'
import { WaitingWriter } from './waiting-writer.ts'

/** Events of the machine beside those of `cpu/probe.ts`: a frame is in the guest's buffers, or has left them. X: its length, Y: virtual ns halted. */
export const EVENT_FRAME_RECEIVED = 40
export const EVENT_FRAME_SENT = 41
/** Then: u32 how many of its bytes are kept, u32 0; the processor's counters, as in EVENT_END; the bytes, padded to eight. */
export const FRAME_CAPTURED: number = R.RECORD_BYTES
export const FRAME_COUNTERS: number = R.RECORD_COUNTERS
export const FRAME_DATA: number = R.RECORD_END_BYTES
/** Enough for the headers of every protocol that anybody asks about. */
const MAX_CAPTURED = 96

export const TRACE_RING_BYTES: number = 4 << 20

const bits = (...events: number[]): number => events.reduce((mask, event) => mask | (1 << event), 0)

/** What is traced: transitions with their micro-steps, and what costs; calls only on request, because they are many and keep code from being translated. */
export const TRANSITION_KINDS: number = bits(
  P.EVENT_BEGIN,
  P.EVENT_STEP,
  P.EVENT_END,
  P.EVENT_CAUSE,
  P.EVENT_CR_WRITE,
  P.EVENT_SHUTDOWN,
)
export const CALL_KINDS: number = bits(P.EVENT_CALL, P.EVENT_RET)

export class TracePort {
  /** A record may be in two of the ring's. */
  readonly #out: WaitingWriter
  #cpu: Cpu | null = null

  constructor(out: RingWriter, control: Control, ringBell: () => void) {
    this.#out = new WaitingWriter(out, control, ringBell)
  }

  attach(cpu: Cpu, kinds: number): void {
    this.#cpu = cpu
    cpu.trace((records) => this.#out.writeAll(records), kinds)
  }

  /** The same port, whose frames are recorded. */
  watch(port: FramePort): FramePort {
    return {
      transmit: (frame) => {
        const isTaken = port.transmit(frame)
        if (isTaken) this.#frame(EVENT_FRAME_SENT, frame)
        return isTaken
      },
      peek: () => port.peek(),
      next: () => {
        const frame = port.peek()
        if (frame !== null) this.#frame(EVENT_FRAME_RECEIVED, frame)
        port.next()
      },
    }
  }

  #frame(event: number, frame: Uint8Array): void {
    const cpu = this.#cpu
    if (cpu === null) return
    // What was recorded before comes before.
    cpu.flushTrace()
    const captured = Math.min(frame.length, MAX_CAPTURED)
    const record = new Uint8Array(FRAME_DATA + ((captured + 7) & ~7))
    const view = new DataView(record.buffer)
    view.setUint16(R.RECORD_EVENT, event, true)
    view.setUint16(R.RECORD_SIZE, record.length, true)
    view.setBigUint64(R.RECORD_RETIRED, BigInt(cpu.retired), true)
    view.setBigUint64(R.RECORD_X, BigInt(frame.length), true)
    view.setBigUint64(R.RECORD_Y, cpu.getState64(HALTED_NS), true)
    view.setUint32(FRAME_CAPTURED, captured, true)
    for (let i = 0; i < COUNTERS_LENGTH; i++)
      view.setBigUint64(FRAME_COUNTERS + 8 * i, cpu.getState64(COUNTERS + 8 * i), true)
    record.set(frame.subarray(0, captured), FRAME_DATA)
    this.#out.writeAll(record)
  }
}
