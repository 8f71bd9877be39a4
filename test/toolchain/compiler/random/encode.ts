import type { ValueType } from '../../../../src/toolchain/compiler/reader/types.ts'
import { opcode } from '../../../../src/toolchain/compiler/reader/opcodes.ts'

/** Writes the wasm binary format: as much as the generator needs. */

export type Code = number[]

export const typeByte: Record<string, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  ref: 0x70,
}

export function unsigned(value: number): Code {
  const bytes: Code = []
  let rest = value >>> 0
  do {
    bytes.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest)
    rest >>>= 7
  } while (rest > 0)
  return bytes
}

export function signed(value: bigint): Code {
  const bytes: Code = []
  let rest = value
  for (;;) {
    const byte = Number(rest & 0x7fn)
    rest >>= 7n
    const isLast = (rest === 0n && byte < 0x40) || (rest === -1n && byte >= 0x40)
    bytes.push(isLast ? byte : byte | 0x80)
    if (isLast) return bytes
  }
}

const codes = new Map<string, number>()
for (let code = 0; code <= 0xfeff; code++) {
  const known = opcode(code)
  if (known && !codes.has(known.name)) codes.set(known.name, code)
}

/** Names of all numeric and memory instructions, with their types. */
export const operations: readonly string[] = [...codes.keys()]

/** The bytes of an opcode. */
export function op(name: string): Code {
  const code = codes.get(name)
  if (code === undefined) throw new Error(`no instruction ${name}`)
  return code < 0x100 ? [code] : [code >> 8, ...unsigned(code & 0xff)]
}

export function floatBytes(value: number, bits: 32 | 64): Code {
  const view = new DataView(new ArrayBuffer(bits / 8))
  if (bits === 32) view.setFloat32(0, value, true)
  else view.setFloat64(0, value, true)
  return [...new Uint8Array(view.buffer)]
}

export const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes]

const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const name = (text: string): Code => sized([...new TextEncoder().encode(text)])
const section = (id: number, content: Code): Code => [id, ...sized(content)]

export interface FunctionDraft {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
  readonly locals: readonly ValueType[]
  /** Without the final `end`. */
  code: Code
  readonly exported?: string
}

export interface ModuleDraft {
  readonly functions: readonly FunctionDraft[]
  readonly pages: number
  /** Types of the mutable globals, all initially zero. */
  readonly globals: readonly ValueType[]
  /** Indices of functions in the table. */
  readonly table: readonly number[]
  readonly data: readonly { readonly address: number; readonly bytes: Uint8Array }[]
}

function zero(type: ValueType): Code {
  if (type === 'i32' || type === 'i64') return [...op(`${type}.const`), 0]
  if (type === 'v128') return [...op('v128.const'), ...new Uint8Array(16)]
  return [...op(`${type}.const`), ...new Uint8Array(type === 'f32' ? 4 : 8)]
}

/** Function i has type i. */
export function encodeModule(draft: ModuleDraft): Uint8Array {
  const types = draft.functions.map(({ params, results }) => [
    0x60,
    ...vector(params.map((type) => [typeByte[type]!])),
    ...vector(results.map((type) => [typeByte[type]!])),
  ])
  const bodies = draft.functions.map(({ locals, code }) =>
    sized([...vector(locals.map((type) => [1, typeByte[type]!])), ...code, 0x0b]),
  )
  const exports = draft.functions.flatMap(({ exported }, index) =>
    exported ? [[...name(exported), 0, ...unsigned(index)]] : [],
  )
  const globals = draft.globals.map((type) => [typeByte[type]!, 1, ...zero(type), 0x0b])
  const size = unsigned(draft.table.length)
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    ...section(1, vector(types)),
    ...section(3, vector(draft.functions.map((_, index) => unsigned(index)))),
    ...section(4, [1, 0x70, 1, ...size, ...size]),
    ...section(5, [1, 1, draft.pages, draft.pages]),
    ...section(6, vector(globals)),
    ...section(7, vector([...exports, [...name('memory'), 2, 0]])),
    ...section(9, vector([[0, ...op('i32.const'), 0, 0x0b, ...vector(draft.table.map(unsigned))]])),
    ...section(10, vector(bodies)),
    ...section(
      11,
      vector(
        draft.data.map(({ address, bytes }) => [
          0,
          ...op('i32.const'),
          ...signed(BigInt(address)),
          0x0b,
          ...sized([...bytes]),
        ]),
      ),
    ),
  ])
}
