import type { ValueType } from '../reader/types.ts'
import { type Value, isConstant } from '../ssa/ir.ts'
import { foldConstant } from './constants.ts'
import { divideByConstant } from './divide.ts'

/** Makes (and simplifies) a new value in the block that is being built. */
export type Make = (op: string, type: ValueType, args: Value[], imm?: number, wide?: bigint) => Value

const commutative = /^i(32|64)\.(add|mul|and|or|xor|eq|ne)$/
const negated: Record<string, string> = {
  eq: 'ne',
  ne: 'eq',
  lt_s: 'ge_s',
  lt_u: 'ge_u',
  gt_s: 'le_s',
  gt_u: 'le_u',
  le_s: 'gt_s',
  le_u: 'gt_u',
  ge_s: 'lt_s',
  ge_u: 'lt_u',
}
/** The operation that gives the same result with the operands exchanged. */
const mirrored: Record<string, string> = {
  lt_s: 'gt_s',
  lt_u: 'gt_u',
  gt_s: 'lt_s',
  gt_u: 'lt_u',
  le_s: 'ge_s',
  le_u: 'ge_u',
  ge_s: 'le_s',
  ge_u: 'le_u',
}

/** An integer constant as a bigint. */
export const constantOf = (value: Value): bigint => (value.type === 'i32' ? BigInt(value.imm) : value.wide)

export const isInteger = (value: Value): boolean => value.op === 'i32.const' || value.op === 'i64.const'

export function makeConstant(make: Make, type: 'i32' | 'i64', value: bigint): Value {
  return type === 'i32'
    ? make('i32.const', 'i32', [], Number(BigInt.asIntN(32, value)))
    : make('i64.const', 'i64', [], 0, BigInt.asIntN(64, value))
}

/** Returns a simpler value that equals `value`, or `value` itself (then with a constant operand on the right). */
export function simplify(value: Value, make: Make): Value {
  const { op, args } = value
  if (args.length === 0 || op.startsWith('call')) return value
  if (args.every(isConstant)) {
    const folded = foldConstant(value)
    if (folded) return makeConstant(make, folded.type, BigInt(folded.value))
  }
  if (op === 'select') return simplifySelect(value, make)
  if (!op.startsWith('i32.') && !op.startsWith('i64.')) return value
  if (args.length === 1) return simplifyUnary(value, make)
  if (args.length !== 2) return value
  const operation = op.slice(4)
  if (isInteger(args[0]!) && !isInteger(args[1]!)) {
    if (commutative.test(op)) args.reverse()
    else if (mirrored[operation]) {
      args.reverse()
      value.op = `${op.slice(0, 4)}${mirrored[operation]}`
    }
  }
  if (args[0] === args[1]) return simplifySame(value, make)
  return isInteger(args[1]!) ? simplifyByConstant(value, make) : value
}

function simplifySelect(value: Value, make: Make): Value {
  const [whenTrue, whenFalse, condition] = value.args as [Value, Value, Value]
  if (whenTrue === whenFalse) return whenTrue
  if (condition.op === 'i32.const') return condition.imm ? whenTrue : whenFalse
  if (condition.op === 'i32.eqz')
    return make('select', value.type as ValueType, [whenFalse, whenTrue, condition.args[0]!])
  return value
}

function simplifyUnary(value: Value, make: Make): Value {
  const argument = value.args[0]!
  switch (value.op) {
    case 'i32.eqz': {
      // eqz of an integer comparison is the opposite comparison.
      const opposite = /^i(32|64)\./.test(argument.op) ? negated[argument.op.slice(4)] : undefined
      if (opposite) return make(`${argument.op.slice(0, 4)}${opposite}`, 'i32', [...argument.args])
      if (argument.op === 'i32.eqz' && isBoolean(argument.args[0]!)) return argument.args[0]!
      break
    }
    case 'i32.wrap_i64':
      if (argument.op.startsWith('i64.extend_i32_')) return argument.args[0]!
      break
    case 'i64.extend_i32_u':
      // A load that zero-extends to 32 bits has zero-extended to 64 already.
      break
  }
  return value
}

const isOne = (value: Value): boolean => value.op === 'i32.const' && value.imm === 1

/** Whether a value is known to be 0 or 1. */
export function isBoolean(value: Value): boolean {
  if (value.type !== 'i32') return false
  if (value.op === 'i32.and')
    return isBoolean(value.args[0]!) || isBoolean(value.args[1]!) || isOne(value.args[1]!)
  return (
    /\.(eqz|(eq|ne|lt|gt|le|ge)(_[su])?|any_true|all_true)$/.test(value.op) && value.args[0]?.type !== 'void'
  )
}

function simplifySame(value: Value, make: Make): Value {
  const type = value.args[0]!.type as 'i32' | 'i64'
  switch (value.op.slice(4)) {
    case 'sub':
    case 'xor':
      return makeConstant(make, type, 0n)
    case 'and':
    case 'or':
      return value.args[0]!
    case 'eq':
    case 'le_s':
    case 'le_u':
    case 'ge_s':
    case 'ge_u':
      return makeConstant(make, 'i32', 1n)
    case 'ne':
    case 'lt_s':
    case 'lt_u':
    case 'gt_s':
    case 'gt_u':
      return makeConstant(make, 'i32', 0n)
  }
  return value
}

function simplifyByConstant(value: Value, make: Make): Value {
  const [left, right] = value.args as [Value, Value]
  const type = left.type as 'i32' | 'i64'
  const prefix = value.op.slice(0, 4)
  const operation = value.op.slice(4)
  const constant = constantOf(right)
  const bits = type === 'i32' ? 32 : 64
  const make2 = (name: string, by: bigint): Value =>
    make(`${prefix}${name}`, type, [left, makeConstant(make, type, by)])
  switch (operation) {
    case 'sub':
      return make2('add', -constant)
    case 'add':
      if (constant === 0n) return left
      if (left.op === value.op && isInteger(left.args[1]!)) {
        return make(value.op, type, [
          left.args[0]!,
          makeConstant(make, type, constant + constantOf(left.args[1]!)),
        ])
      }
      break
    case 'mul':
      if (constant === 0n) return right
      if (constant === 1n) return left
      if (exactLog2(constant, bits) > 0) return make2('shl', BigInt(exactLog2(constant, bits)))
      break
    case 'and':
      if (constant === 0n) return right
      if (constant === -1n) return left
      if (left.op === value.op && isInteger(left.args[1]!)) {
        return make(value.op, type, [
          left.args[0]!,
          makeConstant(make, type, constant & constantOf(left.args[1]!)),
        ])
      }
      break
    case 'or':
    case 'xor':
      if (constant === 0n) return left
      if (constant === -1n && operation === 'or') return right
      break
    case 'shl':
    case 'shr_s':
    case 'shr_u':
    case 'rotl':
    case 'rotr':
      if (BigInt.asUintN(bits === 32 ? 5 : 6, constant) === 0n) return left
      break
    case 'eq':
      if (constant === 0n) return make(`${prefix}eqz`, 'i32', [left])
      break
    case 'ne':
      if (constant === 0n && isBoolean(left)) return left
      break
    case 'lt_u':
      if (constant === 0n) return makeConstant(make, 'i32', 0n)
      if (constant === 1n) return make(`${prefix}eqz`, 'i32', [left])
      break
    case 'gt_u':
      if (constant === 0n) return make(`${prefix}ne`, 'i32', [left, right])
      break
    case 'ge_u':
      if (constant === 0n) return makeConstant(make, 'i32', 1n)
      if (constant === 1n) return make(`${prefix}ne`, 'i32', [left, makeConstant(make, type, 0n)])
      break
    case 'div_s':
    case 'div_u':
    case 'rem_s':
    case 'rem_u':
      return divideByConstant(value, constant, make)
  }
  return value
}

/** n if the constant, read as unsigned, is 2 to the n; otherwise −1. */
export function exactLog2(constant: bigint, bits: number): number {
  const text = BigInt.asUintN(bits, constant).toString(2)
  return /^10*$/.test(text) ? text.length - 1 : -1
}
