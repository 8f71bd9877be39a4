import { expect, test } from 'vitest'
import { Assembler, al, ax, bl, bx, eax, ebx, r8, r8b, rax, rbx, type Register } from '../../src/isa/index.ts'
import { HALTED } from '../../src/cpu/layout.ts'
import { conditionNames } from '../../src/cpu/semantics/flags.ts'
import { createMachine, haveHelpers, place } from './machine.ts'
import { Random } from './silicon/random.ts'

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)

const pairs: readonly [Register, Register][] = [
  [rax, rbx],
  [eax, ebx],
  [ax, bx],
  [al, bl],
]

// SETcc looks at the stored flags, and is itself compared with the silicon; a branch in one block with the comparison looks at its operands.
test.skipIf(!haveHelpers)('a comparison fused with a branch decides as SETcc does', () => {
  console.log(`seed ${seed} (SEED=${seed} repeats this)`)
  const random = new Random(seed)
  const machine = createMachine()
  const { cpu } = machine
  const values = Array.from({ length: 12 }, () => [random.u64(), random.u64()] as const)
  values.push([5n, 5n], [0n, 0n], [1n << 63n, 1n], [0x8000_0000n, 1n])
  const BRANCH = 0x10000
  const SET = 0x10800
  const differences: string[] = []
  for (const [x, y] of pairs)
    for (const name of ['cmp', 'test', 'sub', 'add', 'and', 'inc', 'dec', 'cmp-imm'])
      for (const condition of conditionNames) {
        const emit = (asm: Assembler): Assembler => {
          if (name === 'cmp-imm') return asm.emit('cmp', x, -3)
          return name === 'inc' || name === 'dec' ? asm.emit(name, x) : asm.emit(name, x, y)
        }
        const branching = new Assembler()
        const taken = branching.label()
        emit(branching).emit(`j${condition}`, taken).emit('hlt').bind(taken)
        branching.emit('mov', r8, 1).emit('hlt')
        place(machine, branching.finish().bytes, BRANCH)
        place(machine, emit(new Assembler()).emit(`set${condition}`, r8b).emit('hlt').finish().bytes, SET)
        for (const [a, b] of values) {
          const [jumped, set] = [BRANCH, SET].map((start) => {
            cpu.setGpr(0, a)
            cpu.setGpr(3, b)
            cpu.setGpr(8, 0n)
            cpu.rflags = 0x203n
            cpu.setState32(HALTED, 0)
            cpu.rip = BigInt(start)
            cpu.run(10)
            return `${cpu.gpr(8)} ${cpu.rflags}`
          })
          if (jumped !== set)
            differences.push(`${name} ${x.name}, ${y.name}; j${condition} with ${a} and ${b}`)
        }
      }
  expect(differences).toEqual([])
})
