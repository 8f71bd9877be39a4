/** The exports of `cpu-helpers.wasm` by name. The first argument of each is the address of the state block. */
import type { HelperName } from './helpers.ts'

/** What acts on the state; most give a status. */
export type Helper = (cpu: number, ...args: (number | bigint)[]) => number
/** What answers with 64 bits. */
export type Value = (cpu: number, ...args: (number | bigint)[]) => bigint

export class HelperSet {
  readonly exports: Readonly<Record<string, unknown>>

  constructor(exports: Readonly<Record<string, unknown>>) {
    this.exports = exports
  }

  call(name: HelperName): Helper {
    return this.exports[name] as Helper
  }

  value(name: HelperName): Value {
    return this.exports[name] as Value
  }
}
