import { opcode } from '../../../../src/toolchain/compiler/reader/opcodes.ts'
import type { ValueType } from '../../../../src/toolchain/compiler/reader/types.ts'
import {
  type Code,
  type FunctionDraft,
  type ModuleDraft,
  encodeModule,
  floatBytes,
  op,
  operations,
  signed,
  typeByte,
  unsigned,
} from './encode.ts'
import { Random } from './random.ts'

/**
 * Random wasm programs. They are structured (loops, ifs, br_table, calls), always end (loops burn fuel, a global), mostly
 * stay in memory, and never let the bits of a NaN be seen, which wasm leaves open.
 */

const PAGES = 1
const scalars: readonly ValueType[] = ['i32', 'i64', 'f32', 'f64']
const types: readonly ValueType[] = [...scalars, 'i32', 'i32', 'i64', 'v128']
/** Global 0 is the fuel. */
const globals: readonly ValueType[] = ['i32', 'i32', 'i64', 'f32', 'f64', 'v128']

interface Operation {
  readonly name: string
  readonly params: readonly ValueType[]
  readonly immediate: string
}

/** Instructions without side effects, by the type of their result. */
const byResult = new Map<ValueType, Operation[]>()
for (const name of operations) {
  const code = op(name)
  const known = opcode(
    code.length > 1 ? (code[0]! << 8) + code[1]! + (code[2] ? (code[2] << 7) - 128 : 0) : code[0]!,
  )
  if (!known?.result || known.params.length === 0 || name.includes('atomic') || known.name !== name) continue
  if (known.immediate !== 'none' && known.immediate !== 'lane' && known.immediate !== 'lanes16') continue
  const list = byResult.get(known.result) ?? []
  list.push({ name, params: known.params, immediate: known.immediate })
  byResult.set(known.result, list)
}

const mayTrap = /\.(div|rem)_[su]$|^i\d\d\.trunc_f/

const laneCounts: Record<string, number> = { i8x16: 16, i16x8: 8, i32x4: 4, i64x2: 2, f32x4: 4, f64x2: 2 }
const loads: Record<string, string[]> = {
  i32: ['load', 'load8_s', 'load8_u', 'load16_s', 'load16_u'],
  i64: ['load', 'load8_s', 'load8_u', 'load16_s', 'load16_u', 'load32_s', 'load32_u'],
  f32: ['load'],
  f64: ['load'],
  v128: [
    'load',
    'load8x8_s',
    'load16x4_u',
    'load32x2_s',
    'load8_splat',
    'load16_splat',
    'load32_splat',
    'load64_splat',
    'load32_zero',
    'load64_zero',
  ],
}
const stores: Record<string, string[]> = {
  i32: ['store', 'store8', 'store16'],
  i64: ['store', 'store8', 'store16', 'store32'],
  f32: ['store'],
  f64: ['store'],
  v128: ['store'],
}

class FunctionGenerator {
  readonly #random: Random
  readonly #earlier: readonly FunctionDraft[]
  readonly #locals: ValueType[]
  /** Result type of each open frame, innermost last; loops take none. */
  readonly #frames: { result: ValueType | null; isLoop: boolean }[] = []
  readonly #results: readonly ValueType[]
  readonly #tableSize: number

  constructor(
    random: Random,
    earlier: readonly FunctionDraft[],
    locals: ValueType[],
    results: readonly ValueType[],
    tableSize: number,
  ) {
    this.#random = random
    this.#earlier = earlier
    this.#locals = locals
    this.#results = results
    this.#tableSize = tableSize
  }

  body(statements: number): Code {
    const code: Code = []
    for (let count = 0; count < statements; count++) code.push(...this.#statement(3))
    for (const type of this.#results) code.push(...this.#clean(type, this.#value(type, 3)))
    return code
  }

  constant(type: ValueType): Code {
    if (type === 'i32' || type === 'i64')
      return [...op(`${type}.const`), ...signed(this.#random.integer(type === 'i32' ? 32 : 64))]
    if (type === 'v128')
      return [
        ...op('v128.const'),
        ...Array.from({ length: 16 }, () => this.#random.bits() & (this.#random.chance(50) ? 0xff : 0x0f)),
      ]
    return [...op(`${type}.const`), ...floatBytes(this.#random.float(), type === 'f32' ? 32 : 64)]
  }

  /** The value with every NaN made the same one, for places where its bits can be seen. */
  #clean(type: ValueType, value: Code): Code {
    if (type === 'f32' || type === 'f64') {
      const local = this.#newLocal(type)
      const get = [...op('local.get'), ...unsigned(local)]
      const nan = [...op(`${type}.const`), ...floatBytes(NaN, type === 'f32' ? 32 : 64)]
      return [
        ...value,
        ...op('local.set'),
        ...unsigned(local),
        ...get,
        ...nan,
        ...get,
        ...get,
        ...op(`${type}.eq`),
        ...op('select'),
      ]
    }
    return value
  }

  /** Lanes of float vectors are cleaned where they arise, because any operation may look at their bits. */
  #cleanVector(name: string, code: Code): Code {
    const shape = name.startsWith('f32x4') ? 'f32x4' : name.startsWith('f64x2') ? 'f64x2' : ''
    if (!shape || /\.(eq|ne|lt|gt|le|ge|abs|neg|splat|replace_lane|extract_lane)$/.test(name)) return code
    const local = this.#newLocal('v128')
    const get = [...op('local.get'), ...unsigned(local)]
    return [
      ...code,
      ...op('local.tee'),
      ...unsigned(local),
      ...op('v128.const'),
      ...new Uint8Array(16),
      ...get,
      ...get,
      ...op(`${shape}.eq`),
      ...op('v128.bitselect'),
    ]
  }

  #newLocal(type: ValueType): number {
    this.#locals.push(type)
    return this.#locals.length - 1
  }

  #localOf(type: ValueType): number {
    const known = [...this.#locals.keys()].filter((index) => this.#locals[index] === type)
    return known.length > 0 && !this.#random.chance(5) ? this.#random.pick(known) : this.#newLocal(type)
  }

  #value(type: ValueType, depth: number): Code {
    const random = this.#random
    const choice = random.below(100)
    if (depth <= 0 || choice < 20) {
      if (random.chance(35)) return this.constant(type)
      if (random.chance(20))
        return [
          ...op('global.get'),
          ...unsigned(
            random.pick([...globals.keys()].filter((index) => index > 0 && globals[index] === type)),
          ),
        ]
      return [...op('local.get'), ...unsigned(this.#localOf(type))]
    }
    if (choice < 72) return this.#operation(type, depth)
    if (choice < 84) return this.#load(type, depth)
    if (choice < 89)
      return [
        ...this.#value(type, depth - 1),
        ...this.#value(type, depth - 1),
        ...this.#value('i32', depth - 1),
        ...op('select'),
      ]
    if (choice < 93) {
      this.#frames.push({ result: type, isLoop: false })
      const then = this.#value(type, depth - 1)
      const otherwise = [...this.#statement(1), ...this.#value(type, depth - 1)]
      this.#frames.pop()
      return [
        ...this.#value('i32', depth - 1),
        ...op('if'),
        typeByte[type]!,
        ...then,
        ...op('else'),
        ...otherwise,
        ...op('end'),
      ]
    }
    if (choice < 96)
      return [...this.#value(type, depth - 1), ...op('local.tee'), ...unsigned(this.#localOf(type))]
    return this.#call(type, depth) ?? this.#operation(type, depth)
  }

  #operation(type: ValueType, depth: number): Code {
    const random = this.#random
    let picked = random.pick(byResult.get(type)!)
    // What may trap is rare, or no program would come far.
    while (mayTrap.test(picked.name) && random.chance(85)) picked = random.pick(byResult.get(type)!)
    const { name, params, immediate } = picked
    const shape = name.slice(0, name.indexOf('.'))
    const args = params.map((param, index) => {
      let value = random.chance(index === 1 ? 30 : 3) ? this.constant(param) : this.#value(param, depth - 1)
      if (/reinterpret|copysign/.test(name) || (shape in laneCounts && param.startsWith('f')))
        value = this.#clean(param, value)
      return value
    })
    const code = [...args.flat(), ...op(name)]
    if (immediate === 'lane') code.push(random.below(laneCounts[shape]!))
    if (immediate === 'lanes16') {
      const first = random.below(17)
      const consecutive = random.chance(30)
      for (let lane = 0; lane < 16; lane++) code.push(consecutive ? first + lane : random.below(32))
    }
    return this.#cleanVector(name, code)
  }

  /** An address that is nearly always inside, in the shapes that compilers make of array accesses. */
  #address(depth: number): Code {
    const random = this.#random
    const base = [...this.#value('i32', depth - 1), ...op('i32.const'), ...signed(0x7ff8n), ...op('i32.and')]
    const shape = random.below(6)
    if (shape === 0) return base
    if (shape === 1)
      return [...base, ...op('i32.const'), ...signed(BigInt(random.below(3000))), ...op('i32.add')]
    const index = [...this.#value('i32', depth - 1), ...op('i32.const'), 24, ...op('i32.shr_s')]
    const far = [...base, ...op('i32.const'), ...signed(0x2000n), ...op('i32.add')]
    const scaled = [...index, ...op('i32.const'), random.below(4), ...op('i32.shl')]
    const sum = random.chance(50)
      ? [...far, ...scaled, ...op('i32.add')]
      : [...scaled, ...far, ...op('i32.add')]
    if (shape < 4) return sum
    return [...sum, ...op('i32.const'), ...signed(BigInt(random.below(2000) - 1000)), ...op('i32.add')]
  }

  /** Alignment hint 0 and an offset. */
  #memarg(): Code {
    return [0, ...unsigned(this.#random.chance(50) ? 0 : this.#random.below(4000))]
  }

  #load(type: ValueType, depth: number): Code {
    const name = this.#random.pick(loads[type]!)
    const code = [...this.#address(depth), ...op(`${type}.${name}`), ...this.#memarg()]
    return type === 'v128' && this.#random.chance(30)
      ? [
          ...this.#address(depth),
          ...code,
          ...op('v128.load32_lane'),
          ...this.#memarg(),
          this.#random.below(4),
        ]
      : code
  }

  #call(type: ValueType, depth: number): Code | undefined {
    const random = this.#random
    const fitting = [...this.#earlier.keys()].filter(
      (index) => this.#earlier[index]!.results[0] === type && this.#earlier[index]!.results.length === 1,
    )
    if (fitting.length === 0) return undefined
    const callee = random.pick(fitting)
    const args = this.#earlier[callee]!.params.flatMap((param) => this.#value(param, depth - 1))
    if (random.chance(70)) return [...args, ...op('call'), ...unsigned(callee)]
    const index = random.chance(80)
      ? [...op('i32.const'), ...signed(BigInt(callee))]
      : [...op('i32.const'), ...signed(BigInt(random.below(this.#tableSize + 1)))]
    // An opaque index: the compiler must not know it.
    const local = this.#newLocal('i32')
    return [
      ...args,
      ...index,
      ...op('local.get'),
      ...unsigned(local),
      ...op('i32.add'),
      ...op('call_indirect'),
      ...unsigned(callee),
      0,
    ]
  }

  #statement(depth: number): Code {
    const random = this.#random
    const type = random.pick(types)
    const choice = random.below(100)
    if (choice < 30) return [...this.#value(type, 3), ...op('local.set'), ...unsigned(this.#localOf(type))]
    if (choice < 36) {
      const global = 1 + random.below(globals.length - 1)
      const each = globals[global]!
      return [...this.#clean(each, this.#value(each, 3)), ...op('global.set'), ...unsigned(global)]
    }
    if (choice < 55 || depth <= 0) return this.#store(type)
    if (choice < 58) return this.#bulk()
    if (choice < 70) return this.#if(depth)
    if (choice < 82) return this.#loop(depth)
    if (choice < 90) return this.#block(depth)
    if (choice < 94) return this.#switch(depth)
    return [...this.#value(type, 3), ...op('drop')]
  }

  #store(type: ValueType): Code {
    const random = this.#random
    const address = this.#address(2)
    if ((type === 'i32' || type === 'i64') && random.chance(25)) {
      // p[i] op= x, which may become one instruction.
      const local = this.#newLocal('i32')
      const get = [...op('local.get'), ...unsigned(local)]
      const name = random.pick(['add', 'sub', 'and', 'or', 'xor', 'shl'])
      return [
        ...address,
        ...op('local.tee'),
        ...unsigned(local),
        ...get,
        ...op(`${type}.load`),
        0,
        8,
        ...this.#value(type, 2),
        ...op(`${type}.${name}`),
        ...op(`${type}.store`),
        0,
        8,
      ]
    }
    return [
      ...address,
      ...this.#clean(type, this.#value(type, 3)),
      ...op(`${type}.${random.pick(stores[type]!)}`),
      ...this.#memarg(),
    ]
  }

  #bulk(): Code {
    const random = this.#random
    const place = (): Code => [
      ...this.#value('i32', 1),
      ...op('i32.const'),
      ...signed(0x3fffn),
      ...op('i32.and'),
    ]
    const length = random.chance(50)
      ? [...op('i32.const'), ...signed(BigInt(random.below(70)))]
      : [...this.#value('i32', 1), ...op('i32.const'), ...signed(0xffn), ...op('i32.and')]
    if (random.chance(60)) return [...place(), ...place(), ...length, ...op('memory.copy'), 0, 0]
    return [...place(), ...this.#value('i32', 1), ...length, ...op('memory.fill'), 0]
  }

  #nested(depth: number, isLoop: boolean): Code {
    this.#frames.push({ result: null, isLoop })
    const code: Code = []
    for (let count = 1 + this.#random.below(3); count > 0; count--) code.push(...this.#statement(depth - 1))
    if (this.#random.chance(40)) code.push(...this.#branch())
    this.#frames.pop()
    return code
  }

  /** A conditional branch out of some frame; backwards ones go through `#loop`, which pays for them. */
  #branch(): Code {
    const targets = [...this.#frames.keys()].filter(
      (index) => !this.#frames[index]!.isLoop && this.#frames[index]!.result === null,
    )
    if (targets.length === 0) return []
    const depth = this.#frames.length - 1 - this.#random.pick(targets)
    return [...this.#value('i32', 2), ...op('br_if'), ...unsigned(depth)]
  }

  #if(depth: number): Code {
    const condition = this.#value('i32', 3)
    const then = this.#nested(depth, false)
    const otherwise = this.#random.chance(50) ? [...op('else'), ...this.#nested(depth, false)] : []
    return [...condition, ...op('if'), 0x40, ...then, ...otherwise, ...op('end')]
  }

  #block(depth: number): Code {
    return [...op('block'), 0x40, ...this.#nested(depth, false), ...op('end')]
  }

  #loop(depth: number): Code {
    const fuel = [...op('global.get'), 0, ...op('i32.const'), 1, ...op('i32.sub'), ...op('global.set'), 0]
    const enough = [...op('global.get'), 0, ...op('i32.const'), 0, ...op('i32.gt_s'), ...op('i32.and')]
    const counter = this.#newLocal('i32')
    const start = [
      ...op('i32.const'),
      ...signed(BigInt(1 + this.#random.below(6))),
      ...op('local.set'),
      ...unsigned(counter),
    ]
    const body = this.#nested(depth, true)
    const next = [
      ...op('local.get'),
      ...unsigned(counter),
      ...op('i32.const'),
      1,
      ...op('i32.sub'),
      ...op('local.tee'),
      ...unsigned(counter),
      ...op('i32.const'),
      0,
      ...op('i32.gt_s'),
    ]
    return [
      ...start,
      ...op('loop'),
      0x40,
      ...body,
      ...fuel,
      ...next,
      ...enough,
      ...op('br_if'),
      0,
      ...op('end'),
    ]
  }

  #switch(depth: number): Code {
    const cases = 1 + this.#random.below(7)
    for (let block = 0; block <= cases; block++) this.#frames.push({ result: null, isLoop: false })
    const selector = this.#value('i32', 2)
    for (let block = 0; block <= cases; block++) this.#frames.pop()
    let code: Code = [
      ...selector,
      ...op('i32.const'),
      ...signed(BigInt(this.#random.pick([3, 7, 15]))),
      ...op('i32.and'),
      ...op('br_table'),
    ]
    code.push(
      ...unsigned(cases),
      ...Array.from({ length: cases + 1 }, () => unsigned(this.#random.below(cases + 1))).flat(),
    )
    for (let count = 0; count <= cases; count++) {
      for (let outer = 0; outer < cases - count; outer++) this.#frames.push({ result: null, isLoop: false })
      const then = this.#nested(Math.min(depth - 1, 1), false)
      for (let outer = 0; outer < cases - count; outer++) this.#frames.pop()
      // `#nested` has pushed a frame that is not there: give it one.
      code = [...op('block'), 0x40, ...code, ...op('end'), ...op('block'), 0x40, ...then, ...op('end')]
    }
    return code
  }
}

/** A program and the calls to make of it. */
export interface Program {
  readonly wasm: Uint8Array
  readonly pages: number
  readonly calls: readonly {
    readonly name: string
    readonly draft: FunctionDraft
    readonly args: readonly (bigint | number)[]
  }[]
}

export function randomProgram(seed: number): Program {
  const random = new Random(seed)
  const functions: FunctionDraft[] = []
  const count = 2 + random.below(5)
  for (let index = 0; index < count; index++) {
    const isExported = index === count - 1 || random.chance(50)
    const allowed = isExported ? scalars : types
    const params = Array.from({ length: random.below(random.chance(15) ? 14 : 5) }, () =>
      random.pick(allowed),
    )
    const results = [random.pick(allowed)]
    const all = [...params]
    const generator = new FunctionGenerator(random, functions.slice(), all, results, count)
    const code = generator.body(1 + random.below(5))
    functions.push({
      params,
      results,
      locals: all.slice(params.length),
      code,
      ...(isExported && { exported: `f${index}` }),
    })
  }
  // Sets the fuel; stores all globals where they can be seen.
  const refuel = [...op('i32.const'), ...signed(300n), ...op('global.set'), 0]
  const show = globals.flatMap((type, index) => [
    ...op('i32.const'),
    ...signed(BigInt(0xff00 + 16 * index)),
    ...op('global.get'),
    index,
    ...op(`${type}.store`),
    0,
    0,
  ])
  functions.push({ params: [], results: [], locals: [], code: [...show, ...refuel], exported: 'show' })
  const bytes = Uint8Array.from({ length: 4096 }, () => random.bits())
  // Floats that happen to be NaNs would show their bits.
  for (let index = 1; index < 4096; index += 2) bytes[index]! &= 0x3f
  const module: ModuleDraft = {
    functions,
    pages: PAGES,
    globals,
    table: functions.slice(0, count).map((_, index) => index),
    data: [{ address: 64, bytes }],
  }
  const calls = functions.slice(0, count).flatMap((draft, index) => {
    if (!draft.exported) return []
    return [0, 1].map(() => ({
      name: `f${index}`,
      draft,
      args: draft.params.map((type) =>
        type === 'i32' ? Number(random.integer(32)) : type === 'i64' ? random.integer(64) : random.float(),
      ),
    }))
  })
  return { wasm: encodeModule(module), pages: PAGES, calls }
}
