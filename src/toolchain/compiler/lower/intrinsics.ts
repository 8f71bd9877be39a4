import type { Value } from '../ssa/ir.ts'
import { address } from './address.ts'
import type { Lowering } from './lowering.ts'
import { type Operand, type Reg, rax, rbp, rbx, rcx, rdx, rsp } from './mir.ts'
import { imm } from './operands.ts'

/**
 * Imports of module `cpu`: privileged and otherwise unspeakable instructions, emitted in place. Each is one row: the
 * instruction, which machine registers its arguments and its result are in, and what else it destroys.
 */
export interface Intrinsic {
  readonly code: readonly Row[]
  /** Machine registers of the arguments, in order. */
  readonly inputs?: readonly Reg[]
  readonly output?: Reg
  readonly clobbers?: readonly Reg[]
}

/** Mnemonic and operands: a machine register with a width, or an immediate. */
type Row = readonly [
  op: string,
  ...operands: readonly (readonly [reg: Reg, bits: number] | number | string)[],
]

const portIn = (bits: number): Intrinsic => ({
  code:
    bits < 32
      ? [
          ['in', [rax, bits], [rdx, 16]],
          ['movzx', [rax, 32], [rax, bits]],
        ]
      : [['in', [rax, 32], [rdx, 16]]],
  inputs: [rdx],
  output: rax,
})
const portOut = (bits: number): Intrinsic => ({ code: [['out', [rdx, 16], [rax, bits]]], inputs: [rdx, rax] })
const plain = (...ops: string[]): Intrinsic => ({ code: ops.map((op) => [op] as Row) })
const readControl = (name: string): Intrinsic => ({ code: [['mov', [rax, 64], name]], output: rax })
const writeControl = (name: string): Intrinsic => ({ code: [['mov', name, [rax, 64]]], inputs: [rax] })
/** EDX:EAX, as a 64-bit value. */
const joinHalves: readonly Row[] = [
  ['shl', [rdx, 64], 32],
  ['or', [rax, 64], [rdx, 64]],
]
const splitHalves: readonly Row[] = [
  ['mov', [rdx, 64], [rax, 64]],
  ['shr', [rdx, 64], 32],
]
const leaf = (result: Reg): Intrinsic => ({
  code: result === rax ? [['cpuid']] : [['cpuid'], ['mov', [rax, 32], [result, 32]]],
  inputs: [rax, rcx],
  output: rax,
  clobbers: [rbx, rcx, rdx],
})
const memoryOf = (op: string): Intrinsic => ({ code: [[op, 'memory']] })

export const intrinsics: Readonly<Record<string, Intrinsic>> = {
  in8: portIn(8),
  in16: portIn(16),
  in32: portIn(32),
  out8: portOut(8),
  out16: portOut(16),
  out32: portOut(32),
  hlt: plain('hlt'),
  cli: plain('cli'),
  sti: plain('sti'),
  /** STI; HLT: no interrupt can come between the two. */
  stiHlt: plain('sti', 'hlt'),
  pause: plain('pause'),
  nop: plain('nop'),
  int3: plain('int3'),
  ud2: plain('ud2'),
  swapgs: plain('swapgs'),
  stac: plain('stac'),
  clac: plain('clac'),
  wbinvd: plain('wbinvd'),
  clts: plain('clts'),
  fence: plain('mfence'),
  mfence: plain('mfence'),
  lfence: plain('lfence'),
  sfence: plain('sfence'),
  rdmsr: { code: [['rdmsr'], ...joinHalves], inputs: [rcx], output: rax, clobbers: [rdx] },
  wrmsr: { code: [...splitHalves, ['wrmsr']], inputs: [rcx, rax], clobbers: [rdx] },
  rdtsc: { code: [['rdtsc'], ...joinHalves], output: rax, clobbers: [rdx] },
  xgetbv: { code: [['xgetbv'], ...joinHalves], inputs: [rcx], output: rax, clobbers: [rdx] },
  xsetbv: { code: [...splitHalves, ['xsetbv']], inputs: [rcx, rax], clobbers: [rdx] },
  /** A random number, or 0 when the generator has none. */
  rdrand: {
    code: [
      ['xor', [rcx, 32], [rcx, 32]],
      ['rdrand', [rax, 64]],
      ['cmovae', [rax, 64], [rcx, 64]],
    ],
    output: rax,
    clobbers: [rcx],
  },
  readCr0: readControl('cr0'),
  readCr2: readControl('cr2'),
  readCr3: readControl('cr3'),
  readCr4: readControl('cr4'),
  readCr8: readControl('cr8'),
  writeCr0: writeControl('cr0'),
  writeCr2: writeControl('cr2'),
  writeCr3: writeControl('cr3'),
  writeCr4: writeControl('cr4'),
  writeCr8: writeControl('cr8'),
  readFlags: { code: [['pushfq'], ['pop', [rax, 64]]], output: rax },
  writeFlags: { code: [['push', [rax, 64]], ['popfq']], inputs: [rax] },
  framePointer: { code: [['mov', [rax, 64], [rbp, 64]]], output: rax },
  stackPointer: { code: [['mov', [rax, 64], [rsp, 64]]], output: rax },
  readCs: { code: [['mov', [rax, 32], 'cs']], output: rax },
  readSs: { code: [['mov', [rax, 32], 'ss']], output: rax },
  ltr: { code: [['ltr', [rax, 16]]], inputs: [rax] },
  /** CPUID with a leaf and a subleaf: each gives one register. */
  cpuidEax: leaf(rax),
  cpuidEbx: leaf(rbx),
  cpuidEcx: leaf(rcx),
  cpuidEdx: leaf(rdx),
  invlpg: memoryOf('invlpg'),
  lgdt: memoryOf('lgdt'),
  lidt: memoryOf('lidt'),
}

/** Volatile accesses: name → load or store instruction, width. They are never moved, merged or dropped. */
const volatile: Readonly<Record<string, readonly [op: string, bits: number]>> = {
  read8: ['movzx', 8],
  read16: ['movzx', 16],
  read32: ['mov', 32],
  read64: ['mov', 64],
  write8: ['mov', 8],
  write16: ['mov', 16],
  write32: ['mov', 32],
  write64: ['mov', 64],
}

/** Whether the compiler emits `cpu.<name>` itself. */
export function isIntrinsic(name: string): boolean {
  return name in intrinsics || name in volatile
}

/** @throws Error if there is no such instruction. */
export function lowerIntrinsic(lowering: Lowering, value: Value, name: string): void {
  const access = volatile[name]
  if (access) return lowerVolatile(lowering, value, ...access)
  const intrinsic = intrinsics[name]
  if (!intrinsic) throw new Error(`there is no instruction cpu.${name}`)
  const { code, inputs = [], output, clobbers = [] } = intrinsic
  if (name === 'framePointer') lowering.machine.needsFrame = true
  if (inputs.length > 0) {
    lowering.parallel(inputs.map((to, index) => ({ to, from: lowering.source(value.args[index]!) })))
  }
  for (const [index, [op, ...operands]] of code.entries()) {
    const memory = operands[0] === 'memory'
    const written = memory
      ? [address(lowering, value.args[0]!, 0, 0)]
      : operands.map((each) => operandOf(lowering, each))
    const inst = lowering.emit(op, written)
    // The registers belong to the whole sequence: nothing may come between its instructions.
    const last = index === code.length - 1
    const all = new Set([...inputs, ...clobbers, ...(output && output !== rbp ? [output] : [])])
    inst.implicit = [...all].map((reg) => {
      const reads = index > 0 || inputs.includes(reg)
      const writes = !last || reg === output || clobbers.includes(reg)
      return lowering.reg(reg, 64, reads && writes ? 'usedef' : reads ? 'use' : 'def')
    })
  }
  if (output) {
    const { type } = value
    if (type !== 'void') lowering.parallel([{ to: lowering.use(value), from: output }])
  }
}

/** Register operands of a row are already accounted for, so they are written as fixed text. */
function operandOf(
  _lowering: Lowering,
  operand: readonly [reg: Reg, bits: number] | number | string,
): Operand {
  if (typeof operand === 'number') return imm(operand)
  if (typeof operand === 'string') return { kind: 'special', name: operand }
  return { kind: 'fixed', reg: operand[0], bits: operand[1] }
}

function lowerVolatile(lowering: Lowering, value: Value, op: string, bits: number): void {
  const [pointer, data] = value.args as [Value, Value | undefined]
  const memory = address(lowering, pointer, 0, bits)
  if (!data) {
    lowering.emit(op, [lowering.def(lowering.use(value), Math.max(bits, 32)), memory])
    return
  }
  const constant = data.op === 'i32.const' ? data.imm : undefined
  const from =
    constant === undefined
      ? lowering.reg(lowering.use(data), bits)
      : imm((constant << (32 - bits)) >> (32 - bits))
  lowering.emit(op, [memory, bits < 64 || constant === undefined ? from : imm(constant)])
}
