/** A client of 9P2000.L over a virtqueue, written against the protocol: fields are given as `[kind, value]`. */
import type { VirtioBench } from './virtio-bench.ts'
import type { DriverQueue } from './virtqueue-driver.ts'

export type Field = ['u8' | 'u16' | 'u32' | 'u64', number | bigint] | ['text', string] | ['bytes', Uint8Array]

const REQUEST = 0x100000
const ANSWER = 0x200000
const ANSWER_BYTES = 0x10000

export const u8 = (value: number): Field => ['u8', value]
export const u16 = (value: number): Field => ['u16', value]
export const u32 = (value: number): Field => ['u32', value]
export const u64 = (value: number | bigint): Field => ['u64', value]
export const text = (value: string): Field => ['text', value]

export function emit(type: number, tag: number, fields: readonly Field[]): Uint8Array {
  const parts = fields.map(([kind, value]) => {
    if (kind === 'bytes') return Buffer.from(value)
    if (kind === 'text')
      return Buffer.concat([emitNumber('u16', Buffer.byteLength(value)), Buffer.from(value)])
    return emitNumber(kind, value)
  })
  const body = Buffer.concat([Buffer.of(type), emitNumber('u16', tag), ...parts])
  return Buffer.concat([emitNumber('u32', body.length + 4), body])
}

function emitNumber(kind: 'u8' | 'u16' | 'u32' | 'u64', value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
  return bytes.subarray(0, { u8: 1, u16: 2, u32: 4, u64: 8 }[kind])
}

/** An error that the server answered with. */
export class Refused extends Error {
  readonly errno: number

  constructor(errno: number) {
    super(`errno ${errno}`)
    this.errno = errno
  }
}

export class NinepClient {
  readonly #bench: VirtioBench
  readonly #queue: DriverQueue

  constructor(bench: VirtioBench, queue: DriverQueue) {
    this.#bench = bench
    this.#queue = queue
  }

  /** Sends bytes as they are; the answer's type and body, or null when the device gave none. */
  raw(request: Uint8Array, room = ANSWER_BYTES): { type: number; tag: number; body: DataView } | null {
    const ram = new Uint8Array(this.#bench.ram)
    ram.set(request, REQUEST)
    this.#queue.add([
      { gpa: REQUEST, length: request.length, writable: false },
      { gpa: ANSWER, length: room, writable: true },
    ])
    this.#bench.notify(0)
    const done = this.#queue.collect()
    if (done === null) return null
    const view = new DataView(this.#bench.ram, ANSWER)
    if (view.getUint32(0, true) !== done.written) throw new Error('the answer is not as long as it says')
    return {
      type: view.getUint8(4),
      tag: view.getUint16(5, true),
      body: new DataView(this.#bench.ram.slice(ANSWER + 7, ANSWER + done.written)),
    }
  }

  /** A request of type `type`; throws Refused when the server refuses. */
  call(type: number, ...fields: Field[]): DataView {
    const answer = this.raw(emit(type, 77, fields))
    if (answer === null || answer.tag !== 77) throw new Error('no answer')
    if (answer.type === 7) throw new Refused(answer.body.getUint32(0, true))
    if (answer.type !== type + 1) throw new Error(`answer of type ${answer.type}`)
    return answer.body
  }

  /** The number that the server refuses with, 0 when it does not. */
  errno(type: number, ...fields: Field[]): number {
    try {
      this.call(type, ...fields)
      return 0
    } catch (error) {
      if (error instanceof Refused) return error.errno
      throw error
    }
  }

  walk(fid: number, newFid: number, ...names: string[]): number {
    return this.errno(110, u32(fid), u32(newFid), u16(names.length), ...names.map(text))
  }

  read(fid: number, offset: number, count: number): Uint8Array {
    const body = this.call(116, u32(fid), u64(offset), u32(count))
    return new Uint8Array(body.buffer, 4, body.getUint32(0, true))
  }

  /** All names of an open directory, `count` bytes at a time. */
  list(fid: number, count: number): string[] {
    const names: string[] = []
    for (let offset = 0n; ;) {
      const body = this.call(40, u32(fid), u64(offset), u32(count))
      if (body.getUint32(0, true) === 0) return names
      for (let at = 4; at < body.byteLength;) {
        offset = body.getBigUint64(at + 13, true)
        const length = body.getUint16(at + 22, true)
        names.push(Buffer.from(body.buffer, at + 24, length).toString())
        at += 24 + length
      }
    }
  }
}
