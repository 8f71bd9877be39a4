/**
 * `npm run bench:loops`: million instructions a second, with 95 % confidence intervals, of short loops, interpreted and translated, on a processor without a board. Floating point twice: with MXCSR as programs
 * have it after their first inexact result, and with another rounding, where every operation asks a helper.
 */
import type { Cpu } from '../../src/cpu/cpu.ts'
import * as L from '../../src/cpu/layout.ts'
import type { Assembler } from '../../src/isa/index.ts'
import { formatTable } from '../table.ts'
import { DATA, floatLoops } from './float.ts'
import { integerLoops } from './integer.ts'
import { createProcessor } from './processor.ts'
import { type Speed, speedOf } from './speed.ts'

const INSTRUCTIONS = 10_000_000
const SLOW_INSTRUCTIONS = 500_000
const RSI = 6
const PLAIN = 0x1fa0
const TOWARD_ZERO = 0x7fa0

type Emit = (asm: Assembler) => void

function floatProcessor(emit: Emit, engine: 'interpreter' | 'auto', mxcsr: number): Cpu {
  const cpu = createProcessor(emit, engine)
  const view = new DataView(cpu.ram.buffer, cpu.ram.byteOffset)
  for (let i = 0; i < 64; i++) view.setFloat64(DATA + 8 * i, 0.1 + Math.sin(i), true)
  cpu.setGpr(RSI, BigInt(DATA))
  cpu.setState32(L.MXCSR, mxcsr)
  return cpu
}

const speeds = (measure: (engine: 'interpreter' | 'auto') => Speed): string[] =>
  (['interpreter', 'auto'] as const).map((engine) => {
    const { mean, marginPercent } = measure(engine)
    return `${mean.toFixed(0)} ± ${marginPercent.toFixed(1)} %`
  })

const rows: string[][] = []
for (const [name, emit] of Object.entries(integerLoops))
  rows.push([name, ...speeds((engine) => speedOf(createProcessor(emit, engine), INSTRUCTIONS))])
for (const [name, emit] of Object.entries(floatLoops)) {
  rows.push([name, ...speeds((engine) => speedOf(floatProcessor(emit, engine, PLAIN), INSTRUCTIONS))])
  const slow = speeds((engine) => speedOf(floatProcessor(emit, engine, TOWARD_ZERO), SLOW_INSTRUCTIONS))
  rows.push([`${name}, rounding toward zero`, ...slow])
}
console.log(formatTable(['million instructions a second', 'interpreted', 'translated'], rows))
