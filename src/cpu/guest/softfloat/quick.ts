/**
 * Arithmetic by the host's own operations, for ordinary operands and results: rounded to nearest, and the error, which is a number too, tells whether that was exact and
 * which way other roundings go. (Error-free transformations: Knuth's sum, Dekker's product.) False leaves everything to the exact way.
 */
import { FLOAT_ADD, FLOAT_DIV, FLOAT_MUL, FLOAT_SQRT, FLOAT_SUB } from '../../float-operations'
import { PE, signal } from './flags'
import * as F from './format'
import { DOWN, NEAREST, UP } from './round'

/** Bits of the result. */
export let result: u64 = 0

/** Exponents, with their bias, that are far enough from both ends for the error to be exact and for neighbours to be normal. */
const LEAST: u64 = 1023 - 440
const MOST: u64 = 1023 + 440

function isOrdinary(x: f64): bool {
  const exponent = (reinterpret<u64>(x) >> 52) & 0x7ff
  return exponent - LEAST <= MOST - LEAST
}

const SPLIT: f64 = 134217729

/** x · y - p, exactly, where p is x · y rounded. */
function productError(x: f64, y: f64, p: f64): f64 {
  let t = SPLIT * x
  const xh = t - (t - x)
  const xl = x - xh
  t = SPLIT * y
  const yh = t - (t - y)
  const yl = y - yh
  return xh * yh - p + xh * yl + xl * yh + xl * yl
}

function sumError(x: f64, y: f64, s: f64): f64 {
  const b = s - x
  return x - (s - b) + (y - b)
}

/** Something with the sign of what rounding to nearest has left out. */
function errorOf(operation: u32, x: f64, y: f64, r: f64): f64 {
  if (operation == FLOAT_ADD) return sumError(x, y, r)
  if (operation == FLOAT_SUB) return sumError(x, -y, r)
  if (operation == FLOAT_MUL) return productError(x, y, r)
  if (operation == FLOAT_SQRT) {
    const p = r * r
    return x - p - productError(r, r, p)
  }
  const p = r * y
  const rest = x - p - productError(r, y, p)
  return y < 0 ? -rest : rest
}

function compute(operation: u32, x: f64, y: f64): f64 {
  if (operation == FLOAT_ADD) return x + y
  if (operation == FLOAT_SUB) return x - y
  if (operation == FLOAT_MUL) return x * y
  return operation == FLOAT_SQRT ? Math.sqrt(x) : x / y
}

/** By how many places the bits of r change for F.rounding. */
function correction(error: f64, negative: bool): i64 {
  if (F.rounding == NEAREST || error == 0) return 0
  const above = error > 0
  if (F.rounding == UP) return above ? (negative ? -1 : 1) : 0
  if (F.rounding == DOWN) return above ? 0 : negative ? 1 : -1
  // Toward zero: back when r lies further out than the exact result.
  return above == negative ? -1 : 0
}

export function quickDouble(operation: u32, xBits: u64, yBits: u64): bool {
  const x = reinterpret<f64>(xBits)
  const y = reinterpret<f64>(yBits)
  if (!isOrdinary(x) || (operation != FLOAT_SQRT && !isOrdinary(y))) return false
  const r = compute(operation, x, y)
  // The root of a negative number is none.
  if (!isOrdinary(r)) return false
  const error = errorOf(operation, x, y, r)
  if (error != 0) signal(PE)
  result = reinterpret<u64>(r) + correction(error, r < 0)
  return true
}

/** The same with room for a single's products, and for its sums but for a small error. */
const LEAST_SINGLE: u32 = 127 - 50
const MOST_SINGLE: u32 = 127 + 50

function isOrdinarySingle(x: f32): bool {
  const exponent = (reinterpret<u32>(x) >> 23) & 0xff
  return exponent - LEAST_SINGLE <= MOST_SINGLE - LEAST_SINGLE
}

function errorOfSingle(operation: u32, x: f64, y: f64, r: f64): f64 {
  if (operation == FLOAT_MUL) return x * y - r
  if (operation == FLOAT_SQRT) return x - r * r
  if (operation == FLOAT_DIV) return y < 0 ? r * y - x : x - r * y
  const s = operation == FLOAT_ADD ? x + y : x - y
  return s - r + errorOf(operation, x, y, s)
}

export function quickSingle(operation: u32, xBits: u32, yBits: u32): bool {
  const x = reinterpret<f32>(xBits)
  const y = reinterpret<f32>(yBits)
  if (!isOrdinarySingle(x) || (operation != FLOAT_SQRT && !isOrdinarySingle(y))) return false
  let r: f32
  if (operation == FLOAT_ADD) r = x + y
  else if (operation == FLOAT_SUB) r = x - y
  else if (operation == FLOAT_MUL) r = x * y
  else r = operation == FLOAT_SQRT ? Mathf.sqrt(x) : x / y
  if (!isOrdinarySingle(r)) return false
  const error = errorOfSingle(operation, <f64>x, <f64>y, <f64>r)
  if (error != 0) signal(PE)
  result = reinterpret<u32>(r) + <u32>correction(error, r < 0)
  return true
}

/**
 * x · y + z rounded to nearest, when no flag is asked for. The low parts are added with rounding to odd, after which rounding once more does no harm
 * (Boldo and Melquiond, Emulation of FMA and correctly rounded sums, 2008).
 */
export function quickFuse(xBits: u64, yBits: u64, zBits: u64): bool {
  const x = reinterpret<f64>(xBits)
  const y = reinterpret<f64>(yBits)
  const z = reinterpret<f64>(zBits)
  if (!isOrdinary(x) || !isOrdinary(y) || !isOrdinary(z)) return false
  const p = x * y
  if (!isOrdinary(p)) return false
  const low = productError(x, y, p)
  const t = z + low
  const v = p + t
  const e1 = sumError(z, low, t)
  const e2 = sumError(p, t, v)
  const w = e1 + e2
  const lost = sumError(e1, e2, w)
  let odd = reinterpret<u64>(w)
  if (lost != 0 && !(odd & 1)) odd += lost > 0 == w > 0 ? 1 : -1
  const r = v + reinterpret<f64>(odd)
  if (!isOrdinary(r)) return false
  result = reinterpret<u64>(r)
  return true
}
