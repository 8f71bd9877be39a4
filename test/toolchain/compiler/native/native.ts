import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FunctionType, ValueType } from '../../../../src/toolchain/compiler/reader/types.ts'
import { conventionOf } from '../../../../src/toolchain/compiler/lower/convention.ts'
import { Reg } from '../../../../src/toolchain/compiler/lower/mir.ts'
import type { Image } from './place.ts'

const source = fileURLToPath(new URL('harness.c', import.meta.url))
const folder = fileURLToPath(new URL('../../../../build/test/', import.meta.url))
const program = `${folder}native-harness`

/** Why machine code cannot be run on this processor here; undefined if it can. */
export function whyNotNative(): string | undefined {
  if (process.arch !== 'x64' || process.platform !== 'linux') return 'needs Linux on x86-64'
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return probe()
  mkdirSync(folder, { recursive: true })
  const built = spawnSync('gcc', ['-O1', '-fcf-protection=none', '-z', 'noexecstack', '-o', program, source])
  if (built.error) return 'needs gcc'
  if (built.status !== 0) throw new Error(`${built.stderr}`)
  return probe()
}

function probe(): string | undefined {
  const run = new NativeRun()
  run.map(0, 4096, new Uint8Array(0))
  return spawnSync(program, { input: run.input() }).status === 0 ? undefined : 'may not map page 0'
}

/** Raw bits of a value: numbers for i32 and f32, bigints for i64 and f64, 16 bytes for v128. */
export type Bits = number | bigint | Uint8Array

export type Outcome =
  | { kind: 'results'; values: Bits[] }
  | { kind: 'trap'; signal: string }
  | { kind: 'bytes'; bytes: Uint8Array }

const signals: Record<number, string> = { 4: 'ILL', 5: 'TRAP', 7: 'BUS', 8: 'FPE', 11: 'SEGV', 14: 'ALRM' }

/** The harness's `struct call`. */
const VECTORS = 128
const STACK = 256
const CALL = 512
const integerArguments = [7, 6, 2, 1, 8, 9]
const integerResults = [0, 2, 1, 6, 7, 8, 9, 10, 11]

/** Commands for the harness, all run in one process. */
export class NativeRun {
  readonly #parts: Uint8Array[] = []
  readonly #replies: ({ type: FunctionType } | { count: number })[] = []

  #command(name: string, ...fields: number[]): DataView {
    const bytes = new Uint8Array(1 + 8 * fields.length)
    bytes[0] = name.charCodeAt(0)
    const view = new DataView(bytes.buffer)
    for (const [index, field] of fields.entries()) view.setBigUint64(1 + 8 * index, BigInt(field), true)
    this.#parts.push(bytes)
    return view
  }

  map(address: number, size: number, bytes: Uint8Array): void {
    this.#command('M', address, size, bytes.length)
    this.#parts.push(bytes)
  }

  unmap(address: number, size: number): void {
    this.#command('U', address, size)
  }

  /** The memory at 0 grows with the number of pages in the word at `address`. */
  growWith(address: number): void {
    this.#command('P', address)
  }

  write(address: number, bytes: Uint8Array): void {
    this.#command('W', address, bytes.length)
    this.#parts.push(bytes)
  }

  read(address: number, count: number): void {
    this.#command('R', address, count)
    this.#replies.push({ count })
  }

  /** Maps the parts of an image; pinned data goes into memory that is mapped already. */
  load(image: Image, isMapped: (address: number) => boolean): void {
    for (const { address, size, bytes } of image.pieces) {
      if (isMapped(address)) this.write(address, bytes)
      else this.map(address, size, bytes)
    }
  }

  call(address: number, type: FunctionType, args: readonly Bits[]): void {
    this.#command('C', address)
    const view = new DataView(new ArrayBuffer(CALL))
    for (const [index, place] of conventionOf(type).params.entries()) {
      writeBits(view, offsetOf(place, integerArguments), type.params[index]!, args[index]!)
    }
    this.#parts.push(new Uint8Array(view.buffer))
    this.#replies.push({ type })
  }

  input(): Uint8Array {
    return Buffer.concat(this.#parts)
  }

  /** Runs everything; one outcome for each `call` and `read`, in order. */
  run(): Outcome[] {
    const { stdout, status, signal } = spawnSync(program, {
      input: this.input(),
      maxBuffer: 1 << 30,
      timeout: 20_000,
    })
    if (status !== 0) throw new Error(`the harness ended with ${signal ?? status}`)
    let position = 0
    return this.#replies.map((reply) => {
      if ('count' in reply) {
        position += reply.count
        return { kind: 'bytes', bytes: Uint8Array.from(stdout.subarray(position - reply.count, position)) }
      }
      const [outcome, number] = [stdout[position]!, stdout[position + 1]!]
      const view = new DataView(stdout.buffer, stdout.byteOffset + position + 2, CALL)
      position += 2 + CALL
      if (outcome === 2) return { kind: 'trap', signal: 'a callee-saved register was changed' }
      if (outcome === 1) return { kind: 'trap', signal: signals[number] ?? `${number}` }
      const places = conventionOf(reply.type).results
      const values = reply.type.results.map((type, index) =>
        readBits(view, offsetOf(places[index]!, integerResults), type),
      )
      return { kind: 'results', values }
    })
  }
}

function offsetOf(place: Reg | number, integers: readonly number[]): number {
  if (!(place instanceof Reg)) return STACK + place
  return place.class === 'xmm' ? VECTORS + place.fixed * 16 : integers.indexOf(place.fixed) * 8
}

function writeBits(view: DataView, offset: number, type: ValueType, bits: Bits): void {
  if (bits instanceof Uint8Array) new Uint8Array(view.buffer, offset, 16).set(bits)
  else if (typeof bits === 'bigint') view.setBigInt64(offset, bits, true)
  else view.setUint32(offset, bits, true)
}

function readBits(view: DataView, offset: number, type: ValueType): Bits {
  if (type === 'v128') return Uint8Array.from(new Uint8Array(view.buffer, view.byteOffset + offset, 16))
  if (type === 'i32') {
    // The convention promises zero above an i32.
    if (view.getUint32(offset + 4, true) !== 0) return view.getBigUint64(offset, true)
    return view.getInt32(offset, true)
  }
  return type === 'f32' ? view.getInt32(offset, true) : view.getBigInt64(offset, true)
}
