/** Random operands that fit a row. */
import {
  absolute,
  far,
  gpr16,
  gpr32,
  gpr64,
  gpr8High,
  Label,
  mem,
  registerOf,
  RegisterClass,
  segments,
} from '../../src/isa/index.ts'
import type { AssemblerOperand, Memory, OperandForm, Register, Row } from '../../src/isa/index.ts'
import type { Mode } from './iced.ts'
import type { Random } from './random.ts'

function displacement(random: Random): number {
  return random.pick([0, 0, random.below(256) - 128, random.u32() | 0])
}

function randomMemory(random: Random, size: number, mode: Mode): Memory {
  const fields = {
    size: size === 4096 ? 0 : size,
    ...(random.chance(6) ? { segment: random.pick(segments.slice(4)) } : {}),
  }
  const short = random.chance(8)
  if (mode === 16 ? !short : mode === 32 && short) {
    const disp = random.pick([0, random.below(256) - 128, random.below(0x10000) - 0x8000])
    const base = random.pick([gpr16[3]!, gpr16[5]!, null])
    const index = random.pick([gpr16[6]!, gpr16[7]!])
    return base === null ? mem({ ...fields, base: index, disp }) : mem({ ...fields, base, index, disp })
  }
  const file = mode === 64 && !short ? gpr64 : gpr32
  const count = mode === 64 ? 16 : 8
  const disp = displacement(random)
  const scale = random.pick([1, 2, 4, 8] as const)
  let index = file[random.below(count)]!
  if (index.number === 4) index = file[5]!
  if (random.chance(10)) return mem({ ...fields, disp: mode === 16 ? disp & 0x7fff : disp })
  if (random.chance(10)) return mem({ ...fields, index, scale, disp })
  const base = file[random.below(count)]!
  return random.chance(2) ? mem({ ...fields, base, disp }) : mem({ ...fields, base, index, scale, disp })
}

/** Indexes in register 2, which `randomOperands` keeps out of the other operands; 16-bit addresses have none. */
function gatherMemory(random: Random, form: OperandForm, mode: Mode): Memory {
  const file = mode === 64 && !random.chance(8) ? gpr64 : gpr32
  const base = file[random.below(mode === 64 ? 16 : 8)]!
  const index = registerOf(form.indexClass, 2)!
  const fields = { size: form.memorySize, index, scale: random.pick([1, 2, 4, 8] as const) }
  const disp = displacement(random)
  return random.chance(4) && mode === 64 ? mem({ ...fields, disp }) : mem({ ...fields, base, disp })
}

function randomRegister(random: Random, form: OperandForm, mode: Mode, rexFree: boolean): Register {
  const { registerClass } = form
  if (registerClass === RegisterClass.segment)
    return random.pick([0, 2, 3, 4, 5].map((number) => segments[number]!))
  if (registerClass === RegisterClass.control) {
    return registerOf(registerClass, random.pick(mode === 64 ? [0, 2, 3, 4, 8] : [0, 2, 3, 4]))!
  }
  if (registerClass === RegisterClass.gpr8 && rexFree && random.chance(4)) return random.pick(gpr8High)
  if (registerClass === RegisterClass.gpr8 && (mode !== 64 || rexFree))
    return registerOf(registerClass, random.below(4))!
  const few =
    mode !== 64 ||
    rexFree ||
    registerClass === RegisterClass.debug ||
    registerClass === RegisterClass.mmx ||
    registerClass === RegisterClass.x87
  return registerOf(registerClass, random.below(few ? 8 : 16))!
}

function randomImmediate(random: Random, form: OperandForm): number | bigint {
  if (form.size === 64) return (BigInt(random.u32()) << 32n) | BigInt(random.u32())
  if (form.signed) return random.u32() >> (32 - form.size)
  return random.u32() >>> (32 - form.size)
}

function randomOperand(
  random: Random,
  form: OperandForm,
  row: Row,
  mode: Mode,
  rexFree: boolean,
): AssemblerOperand {
  switch (form.kind) {
    case 'fixed':
      return registerOf(form.registerClass, form.fixed)!
    case 'constant':
      return form.fixed
    case 'immediate':
      return randomImmediate(random, form)
    case 'relative': {
      const label = new Label('target')
      label.offset = random.below(100)
      return label
    }
    case 'far':
      return far(random.below(0x10000), random.u32() >>> (32 - form.size))
    case 'moffs': {
      const wide = (BigInt(random.u32()) << 32n) | BigInt(random.u32())
      return absolute(BigInt.asUintN(mode, wide), random.chance(4) ? segments[4]! : null)
    }
    case 'memory':
      if (form.indexClass !== RegisterClass.none) return gatherMemory(random, form, mode)
      return randomMemory(random, form.memorySize, mode)
    default: {
      const wantsMemory = form.kind === 'rm' && row.mod !== 'register' && !rexFree && random.chance(2)
      return wantsMemory
        ? randomMemory(random, form.memorySize, mode)
        : randomRegister(random, form, mode, rexFree)
    }
  }
}

/** Operands for a row; AH … BH appear only where nothing else could ask for a REX prefix. */
export function randomOperands(random: Random, row: Row, mode: Mode): AssemblerOperand[] {
  const allBytes = row.operands.every((form) => form.size === 8 || form.kind === 'fixed')
  const rexFree = allBytes && random.chance(2)
  if (row.indexed) {
    const [to, memory, mask] = row.operands as [OperandForm, OperandForm, OperandForm]
    const other = registerOf(mask.registerClass, 3)!
    const free = registerOf(to.registerClass, mode === 64 ? 4 + random.below(12) : 4)!
    return [free, gatherMemory(random, memory, mode), other]
  }
  return row.operands.map((form) => randomOperand(random, form, row, mode, rexFree))
}
