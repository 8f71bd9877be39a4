/** exp, log, sine and arc tangent in two doubles (`double-double.ts`), on the reduced ranges that the instructions leave. Answers in D.hi and D.lo. */
import * as D from './double-double'

/* ln(2), log2(e) and π/2 in two doubles. */
export const LN2_HI: f64 = NativeMath.LN2
export const LN2_LO: f64 = 2.3190468138462996e-17
export const LOG2E_HI: f64 = NativeMath.LOG2E
export const LOG2E_LO: f64 = 2.0355273740931033e-17
export const HALF_PI_HI: f64 = 1.5707963267948966
export const HALF_PI_LO: f64 = 6.123233995736766e-17

/** e^x - 1 for |x| ≤ 0.7, precise also next to zero. */
export function expm1(xh: f64, xl: f64): void {
  const th = xh / 64
  const tl = xl / 64
  // Taylor: t (1 + t/2 (1 + t/3 (…))).
  let ph: f64 = 1
  let pl: f64 = 0
  for (let n = 14; n >= 2; n--) {
    D.multiply(ph, pl, th, tl)
    D.divide(D.hi, D.lo, <f64>n, 0)
    D.add(1, 0, D.hi, D.lo)
    ph = D.hi
    pl = D.lo
  }
  D.multiply(ph, pl, th, tl)
  for (let n = 0; n < 6; n++) {
    ph = D.hi
    pl = D.lo
    D.multiply(ph, pl, ph, pl)
    D.add(2 * ph, 2 * pl, D.hi, D.lo)
  }
}

/** log2((1 + z) / (1 - z)) for |z| ≤ 0.18. */
export function log2Ratio(zh: f64, zl: f64): void {
  D.multiply(zh, zl, zh, zl)
  const sh = D.hi
  const sl = D.lo
  let ph: f64 = 0
  let pl: f64 = 0
  for (let n = 49; n >= 1; n -= 2) {
    D.multiply(ph, pl, sh, sl)
    const mh = D.hi
    const ml = D.lo
    D.divide(1, 0, <f64>n, 0)
    D.add(D.hi, D.lo, mh, ml)
    ph = D.hi
    pl = D.lo
  }
  D.multiply(ph, pl, zh, zl)
  D.multiply(D.hi, D.lo, 2 * LOG2E_HI, 2 * LOG2E_LO)
}

/** The Taylor series of sine (`first` 1) or cosine (0) for |x| ≤ 0.8. */
function series(xh: f64, xl: f64, first: i32): void {
  D.multiply(xh, xl, xh, xl)
  const sh = D.hi
  const sl = D.lo
  let ph: f64 = 1
  let pl: f64 = 0
  for (let n = 28 + first; n > first; n -= 2) {
    D.multiply(ph, pl, sh, sl)
    D.divide(D.hi, D.lo, -(<f64>n * <f64>(n - 1)), 0)
    D.add(1, 0, D.hi, D.lo)
    ph = D.hi
    pl = D.lo
  }
  if (first) D.multiply(ph, pl, xh, xl)
}

export function sine(xh: f64, xl: f64): void {
  series(xh, xl, 1)
}

export function cosine(xh: f64, xl: f64): void {
  series(xh, xl, 0)
}

/** atan(q) for 0 ≤ q ≤ 1: a double's guess, and one step that makes it twice as precise. */
export function arcTangent(qh: f64, ql: f64): void {
  const guess = NativeMath.atan(qh)
  sine(guess, 0)
  const sh = D.hi
  const sl = D.lo
  cosine(guess, 0)
  const ch = D.hi
  const cl = D.lo
  // atan(q) - g = atan((q cos g - sin g) / (cos g + q sin g)), so small that its arc tangent is itself.
  D.multiply(qh, ql, ch, cl)
  D.add(D.hi, D.lo, -sh, -sl)
  const nh = D.hi
  const nl = D.lo
  D.multiply(qh, ql, sh, sl)
  D.add(D.hi, D.lo, ch, cl)
  D.divide(nh, nl, D.hi, D.lo)
  D.add(guess, 0, D.hi, D.lo)
}
