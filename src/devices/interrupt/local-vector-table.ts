/** The local vector table: what the APIC's own sources raise, its timer, its errors, its two pins (SDM vol. 3, 11.5.1). */
import type { Stateful } from '../device.ts'
import * as reg from './lapic-registers.ts'
import { EXTINT, FIXED } from './message.ts'

export type LocalVectorTableState = [number: number, entry: number][]

/** Entries by the numbers of their registers. */
export class LocalVectorTable implements Stateful<LocalVectorTableState> {
  #entries = powerOnEntries()

  has(number: number): boolean {
    return this.#entries.has(number)
  }

  /** Undefined when the register is no entry. */
  read(number: number): number | undefined {
    return this.#entries.get(number)
  }

  /** While the APIC is disabled by software every entry stays masked (11.4.7.2). */
  write(number: number, value: number, isSoftwareEnabled: boolean): void {
    const forced = isSoftwareEnabled || number === reg.LVT_LINT0 ? 0 : reg.LVT_MASKED
    this.#entries.set(number, (value & reg.LVT_BITS.get(number)!) | forced)
  }

  maskAll(): void {
    for (const [number, entry] of this.#entries) this.#entries.set(number, entry | reg.LVT_MASKED)
  }

  isMasked(number: number): boolean {
    return (this.#entries.get(number)! & reg.LVT_MASKED) !== 0
  }

  /** Delivery mode; that of timer and errors cannot be chosen. */
  mode(number: number): number {
    if (number === reg.LVT_TIMER || number === reg.LVT_ERROR) return FIXED
    return (this.#entries.get(number)! >> 8) & 7
  }

  vector(number: number): number {
    return this.#entries.get(number)! & 0xff
  }

  reset(): void {
    this.#entries = powerOnEntries()
  }

  save(): LocalVectorTableState {
    return [...this.#entries]
  }

  load(state: LocalVectorTableState): void {
    this.#entries = new Map(state)
  }
}

/** All masked, except that LINT0 passes the 8259 pair through: what firmware would have set up. */
function powerOnEntries(): Map<number, number> {
  const entries = new Map(
    [...reg.LVT_BITS.keys()].map((number): [number, number] => [number, reg.LVT_MASKED]),
  )
  return entries.set(reg.LVT_LINT0, EXTINT << 8)
}
