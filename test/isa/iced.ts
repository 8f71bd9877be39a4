/** Comparison of one decoded instruction with iced-x86, which nobody here wrote. */
import {
  Decoder,
  DecoderOptions,
  EncodingKind,
  Instruction as IcedInstruction,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  Register as IcedRegister,
} from 'iced-x86'
import {
  BASE_RIP,
  branchTarget,
  decode,
  DecodeStatus,
  format,
  Instruction,
  OperandKind,
  registerOf,
  RegisterClass,
  rows,
} from '../../src/isa/index.ts'
import type { Operand } from '../../src/isa/index.ts'

export type Mode = 16 | 32 | 64

/** Address that both decoders take for the first byte. */
const IP = { 16: 0x1000n, 32: 0x401000n, 64: 0x7fff_0000_1000n } as const

const ours = new Instruction()
const theirs = new IcedInstruction()

/** iced's names of what the manual calls otherwise. */
const renamed: Record<string, string> = {
  sysretd: 'sysret',
  sysexitd: 'sysexit',
  pushfw: 'pushf',
  popfw: 'popf',
  pushaw: 'pusha',
  popaw: 'popa',
  iretw: 'iret',
  sal: 'shl',
  pcmpestri64: 'pcmpestri',
  pcmpestrm64: 'pcmpestrm',
  vpcmpestri64: 'vpcmpestri',
  vpcmpestrm64: 'vpcmpestrm',
}

/** Hints that iced names and we, like a processor without them, take for reserved NOPs. */
const hints = new Set([
  'prefetch',
  'prefetchw',
  'prefetchwt1',
  'prefetchit0',
  'prefetchit1',
  'cldemote',
  'rdsspd',
  'rdsspq',
])
/** iced shows the register of a 16-bit operand at the operand size. */
const widened = new Set(['arpl', 'lldt', 'ltr', 'verr', 'verw', 'lmsw', 'lkgs'])
/** Rows that list a fixed XMM0, which iced does not. */
const otherCount = new Set(['blendvps', 'blendvpd', 'pblendvb', 'sha256rnds2'])

/** `ax` and `eax`, `r9w` and `r9d`. */
function sameNumber(narrow: string | undefined, wide: string): string | null {
  const bare = wide.replace(/^[er](?=[a-z])|[wd]$/g, '')
  return bare === narrow?.replace(/w$/, '') ? null : `register ${narrow}, not ${wide}`
}

const covered = new Set(rows.map((row) => row.mnemonic))

function theirMnemonic(): string {
  const name = Mnemonic[theirs.mnemonic]!.toLowerCase()
  if (name === 'retf' && ours.row?.mnemonic === 'retfq') return 'retfq'
  if (hints.has(name) && ours.row?.mnemonic === 'reservednop') return 'reservednop'
  return renamed[name] ?? name
}

function registerName(number: number): string {
  return IcedRegister[number]!.toLowerCase().replace(/^r(\d+)l$/, 'r$1b')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function sameMemory(operand: Operand, kind: number, mode: Mode): string | null {
  if (kind !== OpKind.Memory) return `memory, not ${OpKind[kind]}`
  const size = MemorySizeExt.size(theirs.memorySize) * 8
  if (operand.size !== 0 && size !== 0 && operand.size !== size)
    return `memory of ${operand.size} bits, not ${size}`
  const addressClass = { 16: RegisterClass.gpr16, 32: RegisterClass.gpr32, 64: RegisterClass.gpr64 }[
    ours.addressSize
  ]
  const name = (number: number): string => (number < 0 ? 'none' : registerOf(addressClass, number)!.name)
  const base = operand.base === BASE_RIP ? (ours.addressSize === 64 ? 'rip' : 'eip') : name(operand.base)
  if (base !== registerName(theirs.memoryBase)) return `base ${base}, not ${registerName(theirs.memoryBase)}`
  const index =
    operand.registerClass === RegisterClass.none
      ? name(operand.index)
      : registerOf(operand.registerClass, operand.index)!.name
  if (index !== registerName(theirs.memoryIndex)) return `index ${index}`
  if (operand.index >= 0 && operand.scale !== theirs.memoryIndexScale) return `scale ${operand.scale}`
  let displacement = (BigInt(operand.high) << 32n) | BigInt(operand.low >>> 0)
  if (operand.base === BASE_RIP) displacement += IP[mode] + BigInt(ours.length)
  const theirDisplacement = BigInt.asUintN(ours.addressSize, theirs.memoryDisplacement)
  if (BigInt.asUintN(ours.addressSize, displacement) !== theirDisplacement)
    return `displacement ${displacement}`
  const segment = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'][operand.segment]
  if (segment !== registerName(theirs.memorySegment) && !(mode === 64 && operand.segment < 4))
    return `segment ${segment}`
  return null
}

function sameOperand(operand: Operand, position: number, mode: Mode): string | null {
  const kind = theirs.opKind(position)
  switch (operand.kind) {
    case OperandKind.memory:
      return sameMemory(operand, kind, mode)
    case OperandKind.register: {
      if (kind !== OpKind.Register) return `register, not ${OpKind[kind]}`
      const name = registerOf(operand.registerClass, operand.register)?.name
      const other = registerName(theirs.opRegister(position))
      if (widened.has(ours.row.mnemonic)) return sameNumber(name, other)
      return name === other ? null : `register ${name}, not ${other}`
    }
    case OperandKind.relative: {
      const target = branchTarget(ours, operand, IP[mode] + BigInt(ours.length))
      return target === theirs.nearBranchTarget ? null : `target ${target}, not ${theirs.nearBranchTarget}`
    }
    case OperandKind.far: {
      const offset = kind === OpKind.FarBranch16 ? theirs.farBranch16 : theirs.farBranch32
      return operand.selector === theirs.farBranchSelector && operand.value === offset ? null : 'far pointer'
    }
    case OperandKind.immediate: {
      const value = (BigInt(operand.high) << 32n) | BigInt(operand.low >>> 0)
      const bits = Math.max(ours.operandSize, operand.size)
      const other = theirs.immediate(position)
      return BigInt.asUintN(bits, value) === BigInt.asUintN(bits, other)
        ? null
        : `immediate ${value}, not ${other}`
    }
    default:
      return 'no operand'
  }
}

function difference(status: DecodeStatus, mode: Mode): string | null {
  const valid = theirs.code !== 0
  if (status !== DecodeStatus.ok) {
    if (!valid) return null
    // EVEX forms share mnemonics with VEX; we have none.
    if (theirs.encoding === EncodingKind.EVEX) return null
    const name = theirMnemonic()
    // Outside 64-bit mode only AMD's processors have these.
    if (mode !== 64 && (name === 'syscall' || name === 'sysret')) return null
    return covered.has(name) ? `we refuse (${status}), iced says ${name}` : null
  }
  if (!valid) return 'iced refuses'
  const name = theirMnemonic()
  if (ours.row.mnemonic !== name) return `iced says ${name}`
  if (ours.length !== theirs.length) return `length ${ours.length}, not ${theirs.length}`
  // iced lists the [rDI] of MASKMOVDQU and MASKMOVQ and hides the register of a reserved NOP.
  if (name === 'maskmovdqu' || name === 'maskmovq' || name === 'vmaskmovdqu' || name === 'reservednop')
    return null
  // Implied operands (string instructions, MUL's accumulator) are not listed by us.
  if (ours.operandCount > 0 && ours.operandCount !== theirs.opCount && !otherCount.has(name))
    return `operand count ${theirs.opCount}`
  for (let i = 0; i < Math.min(ours.operandCount, theirs.opCount); i++) {
    const found = sameOperand(ours.operands[i]!, i, mode)
    if (found !== null) return `operand ${i}: ${found}`
  }
  return null
}

/** Decodes with both; null when they agree, otherwise what differs. `decoded` counts instructions that both know. */
export function compareWithIced(bytes: Uint8Array, mode: Mode, counter?: { decoded: number }): string | null {
  const status = decode(bytes, 0, bytes.length, mode, ours)
  const decoder = new Decoder(mode, bytes, DecoderOptions.None)
  decoder.ip = IP[mode]
  decoder.decodeOut(theirs)
  decoder.free()
  const found = difference(status, mode)
  if (found === null) {
    if (status === DecodeStatus.ok && counter !== undefined) counter.decoded++
    return null
  }
  const text = status === DecodeStatus.ok ? `${ours.row.id} (${format(ours, IP[mode])})` : 'refused'
  return `${hex(bytes)} in ${mode}-bit mode: ${text}: ${found}`
}
