import { expect, test } from 'vitest'
import * as w from '../../../src/cpu/wasm/index.ts'
import { numeric, saturating } from '../../../src/cpu/wasm/numeric.ts'
import { vector, vectorLanes } from '../../../src/cpu/wasm/vector.ts'

type Row = readonly [number, w.ValType, ...w.ValType[]]

/** Runs one function of parameters of `params` on V8. */
function compile(type: w.FuncType, build: (f: w.FunctionBuilder) => void): (...args: unknown[]) => unknown {
  const m = new w.ModuleBuilder()
  m.importMemory('env', 'memory')
  m.exportFunction('f', m.function(type, build))
  const bytes = m.build()
  expect(WebAssembly.validate(bytes)).toBe(true)
  const memory = new WebAssembly.Memory({ initial: 1 })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  return instance.exports.f as (...args: unknown[]) => unknown
}

test('the bits of a float are the float again, and lanes are read and replaced as either', () => {
  const sNaN = 0x7ff4_0000_0000_0001n
  const through = compile({ params: ['i64', 'i64'], results: ['i64'] }, (b) => {
    const [low, high] = b.params as [w.I64, w.I64]
    const pair = b.let(w.laneOp('i64x2.replace_lane', 1, w.op('i64x2.splat', low), high))
    const lane = w.laneOp('i64x2.extract_lane', 0, pair)
    const again = b.let(w.toBits(w.fromBits(lane)))
    expect(w.fromBits(again).type).toBe('f64')
    b.return(w.laneOp('i64x2.extract_lane', 0, w.replaceLowest(w.op('i64x2.splat', high), again)))
  })
  for (const bits of [0n, -1n, 1n, sNaN, 1n << 62n]) expect(through(bits, 5n)).toBe(bits)
})

test('what is rare is done when one of the conditions holds', () => {
  const chosen = compile({ params: ['i32', 'i32'], results: ['i32'] }, (b) => {
    const [x, y] = b.params as [w.I32, w.I32]
    b.return(b.chooseUnless([w.i32(0), x, w.eqz(y)], w.add(y, w.i32(1)), () => w.i32(-1)))
  })
  expect([chosen(0, 5), chosen(1, 5), chosen(0, 0), chosen(1, 0)]).toEqual([6, -1, -1, -1])
})

// The names come from the specification through wabt, which disassembles what the builder has emitted.
test('every instruction has the opcode and the type that the text format gives its name', async () => {
  const wabt = await (await import('wabt')).default()
  const all: [string, Row][] = [numeric, saturating, vector, vectorLanes].flatMap(
    (t) => Object.entries(t) as [string, Row][],
  )
  for (const [name, [, result, ...params]] of all) {
    const m = new w.ModuleBuilder()
    m.function({ params, results: [result] }, (f) =>
      f.return(
        name in vectorLanes
          ? w.laneOp(name as 'i32x4.extract_lane', 1, ...(f.params as [w.V128]))
          : w.raw(name, f.params),
      ),
    )
    const bytes = m.build()
    expect(WebAssembly.validate(bytes), name).toBe(true)
    const parsed = wabt.readWasm(bytes, { readDebugNames: false, simd: true })
    const text = parsed.toText({})
    parsed.destroy()
    expect(text.split(/[\s()]+/), name).toContain(name)
  }
  expect(all.length).toBe(348)
})

test('constants fold as V8 computes', () => {
  const values = [0n, 1n, -1n, 0x7fffffffn, -0x80000000n, 0x7fffffffffffffffn, -0x8000000000000000n, 37n]
  const { add, sub, mul, and, or, xor, shl, shrU, shrS, eq, ne, ltS, ltU, gtS, gtU, leS, leU, geS, geU } = w
  const ops = { add, sub, mul, and, or, xor, shl, shrU, shrS, eq, ne, ltS, ltU, gtS, gtU, leS, leU, geS, geU }
  for (const type of ['i32', 'i64'] as const)
    for (const [name, operation] of Object.entries(ops)) {
      const apply = operation as (x: w.Expr<w.Int>, y: w.Expr<w.Int>) => w.Expr<w.Int>
      const probe = apply(new w.Expr(type, [0x20, 0]), new w.Expr(type, [0x20, 1]))
      const run = compile({ params: [type, type], results: [probe.type] }, (f) =>
        f.return(apply(f.params[0] as w.Expr<w.Int>, f.params[1] as w.Expr<w.Int>)),
      )
      for (const x of values)
        for (const y of values) {
          const cut = (v: bigint): bigint | number => (type === 'i32' ? Number(BigInt.asIntN(32, v)) : v)
          const folded = apply(w.int(type, x), w.int(type, y)).constant
          expect(folded, `${type}.${name}(${x}, ${y})`).toBe(run(cut(x), cut(y)))
        }
    }
})

test('structured control: switch, loop, choose', () => {
  const run = compile({ params: ['i32'], results: ['i32'] }, (f) => {
    const n = f.params[0] as w.I32
    const sum = f.variable('i32')
    const i = f.variable('i32', n)
    f.block((end) => {
      f.loop((again) => {
        f.brIf(end, w.eqz(i.value))
        f.switch(w.and(i.value, w.i32(3)), [
          () => f.set(sum, w.add(sum.value, w.i32(1))),
          () => f.set(sum, w.add(sum.value, w.i32(10))),
          () => f.set(sum, w.add(sum.value, w.i32(100))),
        ])
        f.set(i, w.sub(i.value, w.i32(1)))
        f.br(again)
      })
    })
    f.return(
      f.choose(
        w.gtS(sum.value, w.i32(1000)),
        () => w.i32(-1),
        () => sum.value,
      ),
    )
  })
  expect(run(4)).toBe(211)
  expect(run(8)).toBe(422)
  expect(run(100)).toBe(-1)
})

test('memory, calls, imports and tail calls through the table', () => {
  const m = new w.ModuleBuilder()
  m.importMemory('env', 'memory')
  m.importTable('env', 'table', 2)
  const twice = m.importFunction('env', 'twice', { params: ['i64'], results: ['i64'] })
  const type: w.FuncType = { params: ['i32', 'i32'], results: ['i32'] }
  const first = m.declare(type)
  const second = m.function(type, (f) => f.return(w.loadI32(f.params[0] as w.I32, 8)))
  m.define(first, (f) => {
    const [address, count] = f.params as [w.I32, w.I32]
    const value = f.call<'i64'>(twice, w.extendU(count))
    f.store('i32.store', address, w.wrap(value), 8)
    f.if(w.eqz(count), () => f.returnCallIndirect(type, w.i32(1), address, count))
    f.returnCallIndirect(type, w.i32(0), address, w.sub(count, w.i32(1)))
  })
  m.elements(0, [first, second])
  m.exportFunction('run', first)
  const memory = new WebAssembly.Memory({ initial: 1 })
  const table = new WebAssembly.Table({ initial: 2, element: 'anyfunc' })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.build()), {
    env: { memory, table, twice: (x: bigint) => x * 2n },
  })
  // A million levels: only a real tail call survives this.
  expect((exports.run as (a: number, n: number) => number)(64, 1_000_000)).toBe(0)
})

test('a wrong type is refused where it is written', () => {
  expect(() => w.raw('i32.add', [w.i32(1), w.i64(1)])).toThrow('i32.add takes (i32,i32), not (i32,i64)')
  expect(() => w.raw('i32.nope', [])).toThrow('no such instruction')
})
