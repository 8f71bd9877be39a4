/**
 * Numbers as the sum of two doubles, about 105 bits: what the transcendental functions are computed in. A result is left in `hi` and `lo`.
 * Wasm has no fused multiply and keeps every operation as written, which the exact sums and products below rest on.
 */
export let hi: f64 = 0
export let lo: f64 = 0

export function set(high: f64, low: f64): void {
  hi = high
  lo = low
}

/** x + y, |x| ≥ |y|. */
function fastSum(x: f64, y: f64): void {
  const s = x + y
  lo = y - (s - x)
  hi = s
}

/** x + y exactly. */
export function exactSum(x: f64, y: f64): void {
  const s = x + y
  const b = s - x
  lo = x - (s - b) + (y - b)
  hi = s
}

const SPLIT: f64 = 134217729

function exactProduct(x: f64, y: f64): void {
  const p = x * y
  let t = SPLIT * x
  const xh = t - (t - x)
  const xl = x - xh
  t = SPLIT * y
  const yh = t - (t - y)
  const yl = y - yh
  lo = xh * yh - p + xh * yl + xl * yh + xl * yl
  hi = p
}

export function add(xh: f64, xl: f64, yh: f64, yl: f64): void {
  exactSum(xl, yl)
  const th = hi
  const tl = lo
  exactSum(xh, yh)
  const sh = hi
  fastSum(sh, lo + th)
  fastSum(hi, lo + tl)
}

export function multiply(xh: f64, xl: f64, yh: f64, yl: f64): void {
  exactProduct(xh, yh)
  fastSum(hi, lo + (xh * yl + xl * yh))
}

export function divide(xh: f64, xl: f64, yh: f64, yl: f64): void {
  const q1 = xh / yh
  multiply(yh, yl, q1, 0)
  add(xh, xl, -hi, -lo)
  const rh = hi
  const rl = lo
  const q2 = rh / yh
  multiply(yh, yl, q2, 0)
  add(rh, rl, -hi, -lo)
  const q3 = hi / yh
  fastSum(q1, q2)
  add(hi, lo, q3, 0)
}
