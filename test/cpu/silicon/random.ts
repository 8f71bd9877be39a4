/** Random encodings of given rows, with registers for which their memory operands lie in the data page. */
import { BASE_RIP, decode, DecodeStatus, Instruction, OperandKind, type Row } from '../../../src/isa/index.ts'
import { CODE, DATA, type Case } from './native.ts'

/** A small seeded generator (xorshift32). */
export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed | 0 || 1
  }
  u32(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return x >>> 0
  }
  below(limit: number): number {
    return this.u32() % limit
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    for (let i = 0; i < count; i++) bytes[i] = this.u32()
    return bytes
  }
  /** 64 bits, often near the corners. */
  u64(): bigint {
    const wide = (BigInt(this.u32()) << 32n) | BigInt(this.u32())
    const shift = BigInt(this.below(64))
    switch (this.below(6)) {
      case 0:
        return this.pick([
          0n,
          1n,
          0x7fn,
          0x80n,
          0xffn,
          0x7fffn,
          0x8000n,
          0xffffn,
          0x7fffffffn,
          0x80000000n,
          0xffffffffn,
        ])
      case 1:
        return this.pick([0xffffffffffffffffn, 0x8000000000000000n, 0x7fffffffffffffffn, 0xffffffff80000000n])
      case 2:
        return BigInt.asUintN(64, wide >> shift)
      case 3:
        return BigInt.asUintN(64, wide << shift)
      default:
        return wide
    }
  }
}

const vexPrefixes: Record<string, number> = { NP: 0, '66': 1, F3: 2, F2: 3, any: 0, NFx: 0 }
const legacyPrefixes: Record<string, number> = { '66': 0x66, F3: 0xf3, F2: 0xf2 }

/** The bytes of one random encoding of a row in 64-bit code; not always legal: decode it. */
export function encode(row: Row, random: Random, long: boolean): number[] {
  const out: number[] = []
  if (row.addressSize !== 0 && row.addressSize !== (long ? 64 : 32)) out.push(0x67)
  if (row.repeat !== 'none') out.push(...random.pick([[], [0xf3], [0xf2]]))
  const rex = random.below(16) & (row.operandSize === 64 || random.below(3) === 0 ? 15 : 7)
  const vvvv = row.operands.some((form) => form.place === 'vvvv') ? random.below(long ? 16 : 8) : 0
  if (row.vex) {
    const w = row.w === 1 ? 0x80 : 0
    const length = row.vectorLength === 256 ? 4 : 0
    out.push(
      0xc4,
      ((long ? random.below(8) : 7) << 5) | row.map,
      w | ((~vvvv & 15) << 3) | length | vexPrefixes[row.prefix]!,
    )
    out.push(row.opcode)
  } else {
    if (row.operandSize === 16 && row.prefix !== '66') out.push(0x66)
    const prefix = legacyPrefixes[row.prefix]
    if (prefix) out.push(prefix)
    const w =
      row.w === 1 || (row.operandSize === 64 && !row.default64 && !row.forced64)
        ? 8
        : row.w === 0
          ? 0
          : rex & 8
    const wanted = row.operandSize === 16 || row.operandSize === 32 ? 0 : w
    if (long && (random.below(3) > 0 || wanted)) out.push(0x40 | (rex & 7) | wanted)
    if (row.map > 0) out.push(0x0f)
    if (row.map === 2) out.push(0x38)
    if (row.map === 3) out.push(0x3a)
    out.push(row.opcodeRegister ? (row.opcode & 0xf8) | random.below(8) : row.opcode)
  }
  if (row.modrm >= 0) out.push(row.modrm)
  else if (row.hasModrm) {
    const register = row.mod === 'register' || (row.mod !== 'memory' && random.below(2) === 0)
    const mod = register ? 3 : random.below(3)
    const reg = row.digit >= 0 ? row.digit : random.below(8)
    const rm = random.below(8)
    out.push((mod << 6) | (reg << 3) | rm)
    const sib = random.below(256)
    if (mod !== 3 && rm === 4) out.push(sib)
    const wide = mod === 2 || (mod === 0 && (rm === 5 || (rm === 4 && (sib & 7) === 5)))
    if (wide) for (let i = 0; i < 4; i++) out.push(0)
    else if (mod === 1) out.push(random.below(256))
  }
  for (let i = 0; i < row.immediateBytes; i++) out.push(random.below(256))
  return out
}

const instruction = new Instruction()

/** Alignment of the memory operand, and the room around it that bit offsets may reach. */
export interface CaseOptions {
  /** The memory operand must be 16-byte aligned, or as the number says. */
  aligned?: boolean | number
  rflags?: bigint
  /** 32-bit code. */
  compatibility?: boolean
  mxcsr?: number
  /** Where the memory operand is; by default anywhere in the middle of the data page. */
  target?: number
}

/** A random case of the row, or null when this try gave something else. */
export function randomCase(row: Row, random: Random, options: CaseOptions = {}): Case | null {
  const long = !options.compatibility
  const code = Uint8Array.from(encode(row, random, long))
  if (decode(code, 0, code.length, long ? 64 : 32, instruction) !== DecodeStatus.ok) return null
  if (instruction.row.id !== row.id || instruction.length !== code.length) return null
  const gpr = Array.from({ length: 16 }, () => random.u64())
  gpr[4] = BigInt(DATA + 0xe00)
  if (row.mnemonic === 'leave' || row.mnemonic === 'enter') gpr[5] = BigInt(DATA + 0x600)
  // The frame's size: less than there is of the data page.
  if (row.mnemonic === 'enter') code[code.length - 2] = 0
  if (row.repeat !== 'none') {
    gpr[1] = BigInt(random.below(40))
    gpr[6] = BigInt(DATA + 0x400 + random.below(0x200))
    gpr[7] = BigInt(DATA + 0x400 + random.below(0x200))
  }
  const { memory } = instruction
  if (memory && row.indexed) {
    if (!aimGather(memory, gpr, random, long)) return null
  } else if (memory) {
    const align = -Number(options.aligned === true ? 16 : options.aligned || 1)
    const target = options.target ?? (DATA + 0x400 + random.below(0x400)) & align
    if (!aim(code, memory, target, gpr, random, long)) return null
    if (row.mnemonic.startsWith('bt') && !limitBitOffset(gpr, memory)) return null
  }
  const before = {
    gpr,
    rflags: 0x202n | (BigInt(random.u32()) & 0x8d5n) | (options.rflags ?? 0n),
    mxcsr: options.mxcsr ?? 0x1f80,
    signal: 0,
    xmm: Array.from({ length: 16 }, () => random.bytes(16)),
  }
  if (!long) before.gpr = gpr.map((value) => value & 0xffff_ffffn)
  return { code, before, compatibility: !long }
}

/** Puts the base of a gather into the middle of the page; the test gives the indexes. */
function aimGather(
  memory: Instruction['operands'][0],
  gpr: bigint[],
  random: Random,
  long: boolean,
): boolean {
  if (memory.base < 0 || memory.base === 4 || instruction.addressSize !== (long ? 64 : 32)) return false
  gpr[memory.base] = BigInt(DATA + 0x600 + random.below(0x200) - memory.displacement)
  return true
}

/** Gives base and index values, or the code a displacement, so that the operand is at `target`. */
function aim(
  code: Uint8Array,
  memory: Instruction['operands'][0],
  target: number,
  gpr: bigint[],
  random: Random,
  long: boolean,
): boolean {
  const view = new DataView(code.buffer)
  const { row, length } = instruction
  if (instruction.addressSize !== (long ? 64 : 32)) return false
  if (memory.segment > 3) return false
  if (memory.base === BASE_RIP || (memory.base < 0 && memory.index < 0)) {
    if (row.operands.some((form) => form.kind === 'moffs')) return false
    const at = length - row.immediateBytes - 4
    view.setInt32(at, memory.base === BASE_RIP ? target - (CODE + length) : target, true)
    return true
  }
  if (memory.base === memory.index) return false
  let rest = BigInt(target) - BigInt(memory.displacement)
  if (memory.index >= 0) {
    gpr[memory.index] = BigInt.asUintN(64, BigInt(random.below(200) - 100))
    rest -= BigInt.asIntN(64, gpr[memory.index]!) * BigInt(memory.scale)
  }
  if (memory.base >= 0) gpr[memory.base] = BigInt.asUintN(64, rest)
  else if (rest % BigInt(memory.scale) !== 0n) return false
  else
    gpr[memory.index] = BigInt.asUintN(
      64,
      BigInt.asIntN(64, gpr[memory.index]!) + rest / BigInt(memory.scale),
    )
  return true
}

/** BT and its kin reach as far as the register says: keeps that within the page. False when the register is part of the address. */
function limitBitOffset(gpr: bigint[], memory: Instruction['operands'][0]): boolean {
  const source = instruction.operands[1]!
  if (source.kind !== OperandKind.register) return true
  if (source.register === memory.base || source.register === memory.index) return false
  gpr[source.register] = BigInt.asUintN(64, BigInt.asIntN(12, gpr[source.register]!))
  return true
}
