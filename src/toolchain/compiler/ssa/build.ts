import { ByteReader } from '../reader/bytes.ts'
import { type Instruction, readInstructions } from '../reader/instructions.ts'
import type { WasmFunction, WasmModule } from '../reader/module.ts'
import { type FunctionType, type ValueType, valueType } from '../reader/types.ts'
import { simplify } from '../passes/simplify.ts'
import { type ControlFrame, branchTypes } from './frame.ts'
import { type Block, Graph, type Value } from './ir.ts'

/**
 * Turns the body of a wasm function into SSA. Wasm is structured, so one pass suffices: a loop header gets phis for
 * the locals that the loop assigns (found by looking ahead), a join gets phis for the locals that differ.
 * @throws Error that names the first instruction which is not supported.
 */
export function buildGraph(module: WasmModule, wasmFunction: WasmFunction): Graph {
  return new GraphBuilder(module, wasmFunction).build()
}

class GraphBuilder {
  readonly #module: WasmModule
  readonly #function: WasmFunction
  readonly #graph = new Graph()
  readonly #stack: Value[] = []
  readonly #frames: ControlFrame[] = []
  readonly #localTypes: ValueType[]
  readonly #code: Instruction[]
  #locals: Value[] = []
  #block: Block
  #at = 0

  constructor(module: WasmModule, wasmFunction: WasmFunction) {
    this.#module = module
    this.#function = wasmFunction
    const body = wasmFunction.body!
    const reader = new ByteReader(module.bytes, body.start, body.end)
    this.#localTypes = [...wasmFunction.type.params]
    for (let groups = reader.u32(); groups > 0; groups--) {
      const count = reader.u32()
      const type = valueType(reader.u8())
      for (let index = 0; index < count; index++) this.#localTypes.push(type)
    }
    this.#at = reader.position
    this.#code = readInstructions(reader)
    this.#block = this.#openBlock(this.#graph.newBlock())
  }

  build(): Graph {
    const { params, results } = this.#function.type
    this.#locals = this.#localTypes.map((type, index) => {
      if (index >= params.length) return this.#zero(type)
      const value = this.#append('param', type, [])
      value.imm = index
      return value
    })
    this.#push({ kind: 'block', type: { params: [], results }, height: 0 })
    for (let index = 0; index < this.#code.length; index++) {
      const instruction = this.#code[index]!
      this.#at = instruction.offset
      if (this.#step(instruction, index)) continue
      index = this.#skipDeadCode(index + 1) - 1
    }
    return this.#graph
  }

  /** Handles one instruction. Returns false when what follows cannot be reached. */
  #step(instruction: Instruction, index: number): boolean {
    const { op, value } = instruction
    switch (op.name) {
      case 'nop':
        return true
      case 'unreachable':
        this.#leave({ kind: 'trap', args: [], targets: [] })
        return false
      case 'block':
      case 'loop':
      case 'if':
        this.#enter(op.name, this.#blockType(instruction.block!), index)
        return true
      case 'else':
        this.#otherwise(true)
        return true
      case 'end':
        return this.#end(true)
      case 'br':
        this.#jump(value)
        return false
      case 'br_if':
        this.#branchIf(value)
        return true
      case 'br_table':
        this.#branchTable(instruction.targets!)
        return false
      case 'return':
        this.#jump(this.#frames.length - 1)
        return false
      case 'drop':
        this.#pop()
        return true
      case 'local.get':
        this.#stack.push(this.#locals[value]!)
        return true
      case 'local.set':
        this.#locals[value] = this.#pop()
        return true
      case 'local.tee':
        this.#locals[value] = this.#stack.at(-1)!
        return true
      case 'call':
        this.#call('call', this.#module.functions[value]!.type, instruction, [])
        return true
      case 'call_indirect':
        this.#call('call_indirect', this.#module.types[value]!, instruction, [this.#pop()])
        return true
    }
    this.#plain(instruction)
    return true
  }

  /** Instructions that only take operands and give at most one result. */
  #plain(instruction: Instruction): void {
    const { op } = instruction
    let type: ValueType | 'void' = op.result ?? 'void'
    let count = op.params.length
    if (op.name === 'select') {
      count = 3
      type = instruction.type ?? (this.#stack.at(-2)!.type as ValueType)
    } else if (op.name === 'global.get') type = this.#module.globals[instruction.value]!.type
    else if (op.name === 'global.set' || op.name === 'ref.is_null' || op.name === 'memory.grow') count = 1
    if (
      op.immediate === 'i32' ||
      op.immediate === 'i64' ||
      op.immediate === 'f32' ||
      op.immediate === 'f64'
    ) {
      type = op.immediate
    }
    if (op.name.startsWith('ref.')) type = op.name === 'ref.is_null' ? 'i32' : 'ref'
    if (op.name === 'memory.size' || op.name === 'memory.grow') type = 'i32'
    const args = this.#stack.splice(this.#stack.length - count, count)
    const made = this.#graph.newValue(op.name, type, args, this.#block, this.#at)
    made.imm = instruction.value
    made.lane = instruction.lane ?? 0
    made.wide = instruction.wide ?? 0n
    made.bytes = instruction.bytes
    const value = simplify(made, this.#make)
    if (value === made) this.#block.values.push(made)
    if (type !== 'void') this.#stack.push(value)
  }

  readonly #make = (op: string, type: ValueType, args: Value[], imm = 0, wide = 0n): Value => {
    const made = this.#graph.newValue(op, type, args, this.#block, this.#at)
    made.imm = imm
    made.wide = wide
    const value = simplify(made, this.#make)
    if (value === made) this.#block.values.push(made)
    return value
  }

  #call(op: string, type: FunctionType, { value, lane }: Instruction, callee: Value[]): void {
    const args = this.#stack.splice(this.#stack.length - type.params.length, type.params.length)
    const call = this.#append(op, type.results[0] ?? 'void', [...args, ...callee])
    call.imm = value
    call.lane = lane ?? 0
    for (const [index, result] of type.results.entries()) {
      if (index === 0) this.#stack.push(call)
      else {
        const further = this.#append('result', result, [call])
        further.imm = index
        this.#stack.push(further)
      }
    }
  }

  #append(op: string, type: ValueType | 'void', args: Value[]): Value {
    const value = this.#graph.newValue(op, type, args, this.#block, this.#at)
    this.#block.values.push(value)
    return value
  }

  #zero(type: ValueType): Value {
    const zero = this.#append(type === 'ref' ? 'i64.const' : `${type}.const`, type, [])
    if (type === 'v128') zero.bytes = new Uint8Array(16)
    return zero
  }

  #pop(): Value {
    const value = this.#stack.pop()
    if (!value) throw new Error('operand stack underflow')
    return value
  }

  #blockType(block: number): FunctionType {
    if (block >= 0) return this.#module.types[block]!
    return { params: [], results: block === -64 ? [] : [valueType(block & 0x7f)] }
  }

  #openBlock(block: Block): Block {
    this.#graph.blocks.push(block)
    return block
  }

  #leave(exit: Block['exit']): void {
    this.#block.exit = exit
    this.#block.exitAt = this.#at
  }

  #push(frame: Pick<ControlFrame, 'kind' | 'type' | 'height'> & Partial<ControlFrame>): void {
    const after = this.#graph.newBlock()
    this.#frames.push({ target: after, after, edges: [], phis: [], assigned: [], ...frame })
  }

  #enter(kind: 'block' | 'loop' | 'if', type: FunctionType, index: number): void {
    if (kind === 'if') return this.#enterIf(type)
    const height = this.#stack.length - type.params.length
    if (kind === 'block') return this.#push({ kind, type, height })
    const header = this.#graph.newBlock()
    header.isLoopHeader = true
    header.preds = [this.#block]
    this.#leave({ kind: 'jump', args: [], targets: [header] })
    this.#block = this.#openBlock(header)
    const assigned = this.#assignedIn(index)
    const phis: Value[] = []
    const phi = (before: Value): Value => {
      const value = this.#graph.newValue('phi', before.type, [before], header, this.#at)
      header.phis.push(value)
      phis.push(value)
      return value
    }
    for (let slot = height; slot < this.#stack.length; slot++) this.#stack[slot] = phi(this.#stack[slot]!)
    for (const local of assigned) this.#locals[local] = phi(this.#locals[local]!)
    this.#push({ kind, type, height, target: header, phis, assigned })
  }

  #enterIf(type: FunctionType): void {
    const condition = this.#pop()
    const height = this.#stack.length - type.params.length
    const then = this.#graph.newBlock()
    const block = this.#graph.newBlock()
    then.preds = [this.#block]
    block.preds = [this.#block]
    this.#leave({ kind: 'branch', args: [condition], targets: [then, block] })
    const values = this.#stack.slice(height)
    const otherwise = { block, from: this.#block, values, locals: this.#locals.slice() }
    this.#block = this.#openBlock(then)
    this.#push({ kind: 'if', type, height, otherwise })
  }

  /** The locals that are assigned between the `loop` at `index` and its `end`. */
  #assignedIn(index: number): number[] {
    const assigned = new Set<number>()
    let depth = 0
    for (let next = index; next < this.#code.length; next++) {
      const { op, value } = this.#code[next]!
      if (op.immediate === 'block') depth++
      else if (op.name === 'end' && --depth === 0) break
      else if (op.name === 'local.set' || op.name === 'local.tee') assigned.add(value)
    }
    return [...assigned]
  }

  /** Records the edge from the current block to the target of a frame; the caller sets the exit. */
  #edge(frame: ControlFrame): Block {
    const count = branchTypes(frame).length
    const values = this.#stack.slice(this.#stack.length - count)
    if (frame.kind === 'loop') {
      frame.target.preds.push(this.#block)
      for (const [slot, phi] of frame.phis.entries()) {
        phi.args.push(slot < count ? values[slot]! : this.#locals[frame.assigned[slot - count]!]!)
      }
    } else frame.edges.push({ from: this.#block, values, locals: this.#locals.slice() })
    return frame.target
  }

  #frameAt(depth: number): ControlFrame {
    return this.#frames[this.#frames.length - 1 - depth]!
  }

  #jump(depth: number): void {
    this.#leave({ kind: 'jump', args: [], targets: [this.#edge(this.#frameAt(depth))] })
  }

  #branchIf(depth: number): void {
    const condition = this.#pop()
    const target = this.#edge(this.#frameAt(depth))
    const next = this.#graph.newBlock()
    next.preds = [this.#block]
    this.#leave({ kind: 'branch', args: [condition], targets: [target, next] })
    this.#block = this.#openBlock(next)
  }

  #branchTable(depths: readonly number[]): void {
    const selector = this.#pop()
    const edges = new Map<number, Block>()
    for (const depth of depths) {
      if (!edges.has(depth)) edges.set(depth, this.#edge(this.#frameAt(depth)))
    }
    const targets = depths.map((depth) => edges.get(depth)!)
    if (edges.size === 1) this.#leave({ kind: 'jump', args: [], targets: [targets[0]!] })
    else this.#leave({ kind: 'switch', args: [selector], targets })
  }

  /** `else`, or the `end` of an `if` without one. */
  #otherwise(reachable: boolean): void {
    const frame = this.#frames.pop()!
    const { block, values, locals } = frame.otherwise!
    if (reachable) {
      const count = frame.type.results.length
      const from = this.#block
      frame.edges.push({ from, values: this.#stack.slice(this.#stack.length - count), locals: this.#locals })
      this.#leave({ kind: 'jump', args: [], targets: [frame.after] })
    }
    this.#stack.length = frame.height
    this.#stack.push(...values)
    this.#locals = locals
    this.#block = this.#openBlock(block)
    const { otherwise: _, ...rest } = frame
    this.#frames.push({ ...rest, kind: 'else' })
  }

  /** Closes a frame. Returns whether the code after it can be reached. */
  #end(reachable: boolean): boolean {
    let alive = reachable
    if (this.#frames.at(-1)!.kind === 'if') {
      this.#otherwise(reachable)
      alive = true
    }
    const frame = this.#frames.pop()!
    const isFunction = this.#frames.length === 0
    if (frame.edges.length > 0) {
      if (alive) this.#fallInto(frame)
      this.#join(frame)
    } else if (!alive) return false
    if (isFunction) {
      const args = this.#stack.splice(this.#stack.length - frame.type.results.length)
      this.#leave({ kind: 'return', args, targets: [] })
    }
    return true
  }

  #fallInto(frame: ControlFrame): void {
    const values = this.#stack.slice(this.#stack.length - frame.type.results.length)
    frame.edges.push({ from: this.#block, values, locals: this.#locals })
    this.#leave({ kind: 'jump', args: [], targets: [frame.after] })
  }

  /** Opens the block after a frame, with phis where its edges disagree. */
  #join(frame: ControlFrame): void {
    const block = frame.after
    const { edges } = frame
    block.preds = edges.map((edge) => edge.from)
    this.#block = this.#openBlock(block)
    const merge = (values: Value[]): Value => {
      const first = values[0]!
      if (values.every((value) => value === first)) return first
      const phi = this.#graph.newValue('phi', first.type, values, block, this.#at)
      block.phis.push(phi)
      return phi
    }
    this.#stack.length = frame.height
    for (const slot of frame.type.results.keys())
      this.#stack.push(merge(edges.map((edge) => edge.values[slot]!)))
    this.#locals = edges[0]!.locals.map((_, local) => merge(edges.map((edge) => edge.locals[local]!)))
  }

  /** Skips instructions that cannot be reached, starting at `index`; returns the index to go on with. */
  #skipDeadCode(index: number): number {
    let depth = 0
    for (let next = index; next < this.#code.length; next++) {
      const { op, offset } = this.#code[next]!
      this.#at = offset
      if (op.immediate === 'block') depth++
      else if (op.name === 'else' && depth === 0) {
        this.#otherwise(false)
        return next + 1
      } else if (op.name === 'end') {
        if (depth > 0) depth--
        else if (this.#end(false)) return next + 1
      }
    }
    return this.#code.length
  }
}
