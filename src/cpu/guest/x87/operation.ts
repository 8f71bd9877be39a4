/** Operations of D8 … DE by their extension, as in semantics/x87/arithmetic.ts. */
export const ADD: u32 = 0
export const MUL: u32 = 1
export const SUB: u32 = 4
export const SUBR: u32 = 5
export const DIV: u32 = 6
export const DIVR: u32 = 7
