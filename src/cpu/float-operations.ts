/**
 * Operations of floating-point lanes, as the helpers `floatScalar` and `floatLanes` number them. Read by both dialects: only literal constants.
 * A code is operation | format << 8 | operation of the odd lanes << 16 (0: the same as of the even ones).
 */

/** Formats: of all operands, or of the one that is a float. */
export const FLOAT_SINGLE = 0
export const FLOAT_DOUBLE = 1
export const FLOAT_HALF = 2

export const FLOAT_ADD = 1
export const FLOAT_SUB = 2
export const FLOAT_MUL = 3
export const FLOAT_DIV = 4
export const FLOAT_SQRT = 5
export const FLOAT_MIN = 6
export const FLOAT_MAX = 7
/** The immediate is a predicate of VCMPPS, 0 … 31. All ones or zeros. */
export const FLOAT_COMPARE = 8
/** COMISS; UCOMISS with an immediate of 1: ZF, PF, CF at their places. */
export const FLOAT_ORDER = 9
/** The immediate is that of ROUNDPS. */
export const FLOAT_ROUND = 10
/** ±(x · y) ± z: MADD, MSUB, NMADD, NMSUB. */
export const FLOAT_FMADD = 11
export const FLOAT_FMSUB = 12
export const FLOAT_FNMADD = 13
export const FLOAT_FNMSUB = 14
/** To a signed integer; the immediate gives the rounding as in ROUNDPS: 3 truncates, 4 asks MXCSR. */
export const FLOAT_TO_INT32 = 15
export const FLOAT_TO_INT64 = 16
/** From a signed integer to the format. */
export const FLOAT_FROM_INT32 = 17
export const FLOAT_FROM_INT64 = 18
/** Single to double, double to single. */
export const FLOAT_WIDEN = 19
export const FLOAT_NARROW = 20
/** Half to single; single to half, with the rounding of the immediate as in ROUNDPS. */
export const FLOAT_FROM_HALF = 21
export const FLOAT_TO_HALF = 22
