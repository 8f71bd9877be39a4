/** Which vectors wait and which are being served: IRR, ISR, TMR, and the priorities between them (SDM vol. 3, 11.8). */
import type { Stateful } from '../device.ts'
import { VectorSet } from './vector-set.ts'

export interface LapicVectorsState {
  tpr: number
  isr: Uint32Array
  tmr: Uint32Array
  irr: Uint32Array
}

export class LapicVectors implements Stateful<LapicVectorsState> {
  /** Task Priority Register. */
  tpr = 0
  readonly isr: VectorSet = new VectorSet()
  readonly tmr: VectorSet = new VectorSet()
  readonly irr: VectorSet = new VectorSet()

  /** PPR: the higher of the task's priority class and that of the vector in service. */
  get processorPriority(): number {
    const inService = Math.max(this.isr.highest(), 0)
    return this.tpr >> 4 >= inService >> 4 ? this.tpr : inService & 0xf0
  }

  /** The vector that the processor may take now, or -1. */
  get deliverable(): number {
    const vector = this.irr.highest()
    return vector >= 0 && vector >> 4 > this.processorPriority >> 4 ? vector : -1
  }

  /** An interrupt arrives. */
  request(vector: number, isLevel: boolean): void {
    this.irr.add(vector)
    if (isLevel) this.tmr.add(vector)
    else this.tmr.delete(vector)
  }

  /** The processor takes a vector. */
  serve(vector: number): void {
    this.irr.delete(vector)
    this.isr.add(vector)
  }

  /** End of interrupt: the vector that was in service, or null; `isLevel` says whether the IOAPICs must hear of it. */
  end(): { vector: number; isLevel: boolean } | null {
    const vector = this.isr.highest()
    if (vector < 0) return null
    this.isr.delete(vector)
    return { vector, isLevel: this.tmr.has(vector) }
  }

  reset(): void {
    this.tpr = 0
    for (const set of [this.isr, this.tmr, this.irr]) set.clear()
  }

  save(): LapicVectorsState {
    const { tpr, isr, tmr, irr } = this
    return { tpr, isr: isr.words.slice(), tmr: tmr.words.slice(), irr: irr.words.slice() }
  }

  load(state: LapicVectorsState): void {
    this.tpr = state.tpr
    this.isr.words.set(state.isr)
    this.tmr.words.set(state.tmr)
    this.irr.words.set(state.irr)
  }
}
