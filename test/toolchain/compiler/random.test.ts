import { describe, expect, test } from 'vitest'
import { ObjectContext } from '../../../src/toolchain/compiler/context.ts'
import { lowerFunction } from '../../../src/toolchain/compiler/lower/function.ts'
import { optimize } from '../../../src/toolchain/compiler/passes/optimize.ts'
import { readModule } from '../../../src/toolchain/compiler/reader/sections.ts'
import { allocate } from '../../../src/toolchain/compiler/regalloc/linear-scan.ts'
import { findLives } from '../../../src/toolchain/compiler/regalloc/liveness.ts'
import { Placement } from '../../../src/toolchain/compiler/regalloc/resolve.ts'
import { verifyAllocation } from '../../../src/toolchain/compiler/regalloc/verify.ts'
import { buildGraph } from '../../../src/toolchain/compiler/ssa/build.ts'
import { whyNotNative } from './native/native.ts'
import { compareRandomPrograms } from './random/compare.ts'
import { randomProgram } from './random/program.ts'

const first = Number(process.env.ONERING_SEED ?? Date.now() % 1_000_000)
const reason = whyNotNative()

describe(`random programs from seed ${first} on`, () => {
  test.skipIf(reason)(`do on this processor what they do on V8${reason ? ` (${reason})` : ''}`, () => {
    const { differences, ...counts } = compareRandomPrograms(first, 60)
    console.log('random programs:', counts)
    expect(
      differences,
      `replay: ONERING_SEED=${first} npx vitest run test/toolchain/compiler/random.test.ts`,
    ).toEqual([])
  })

  test('have every value where it is read, after register allocation', () => {
    for (let seed = first; seed < first + 25; seed++) {
      const module = readModule(randomProgram(seed).wasm)
      const context = new ObjectContext(module, false, 0)
      for (const each of module.functions) {
        const graph = buildGraph(module, each)
        optimize(graph)
        const machine = lowerFunction(graph, each.type, context)
        const lives = findLives(machine)
        const wrong = verifyAllocation(machine, new Placement(machine, allocate(machine, lives), lives))
        expect(wrong, `seed ${seed}, ${each.name}`).toEqual([])
      }
    }
  })
})
