import type { FunctionType } from '../reader/types.ts'
import type { Block } from '../ssa/ir.ts'
import { lowerReturn } from './calls.ts'
import { condition } from './compare.ts'
import type { Lowering } from './lowering.ts'
import type { Operand } from './mir.ts'
import { imm } from './operands.ts'

/** Ends of blocks. */

const blockOperand = (block: Block): Operand => ({ kind: 'block', id: block.order })

/** From this many targets on, `br_table` becomes a table of addresses instead of a chain of compares. */
const minTable = 4

export function lowerExit(lowering: Lowering, block: Block, type: FunctionType): void {
  const { exit } = block
  switch (exit.kind) {
    case 'jump':
      lowering.emit('jmp', [blockOperand(exit.targets[0]!)])
      return
    case 'branch': {
      const code = condition(lowering, exit.args[0]!)
      lowering.emit('branch', exit.targets.map(blockOperand)).condition = code
      return
    }
    case 'switch':
      return lowerSwitch(lowering, block)
    case 'return':
      return lowerReturn(lowering, type, exit.args)
    case 'trap':
      lowering.emit('trap', [lowering.trap('unreachable')])
  }
}

function lowerSwitch(lowering: Lowering, block: Block): void {
  const { args, targets } = block.exit
  const selector = lowering.use(args[0]!)
  const cases = targets.slice(0, -1)
  const otherwise = targets.at(-1)!
  if (cases.length >= minTable) {
    const symbol = lowering.context.newJumpTable()
    lowering.machine.jumpTables.push({ symbol, blocks: cases.map((target) => target.order) })
    lowering.emit('cmp', [lowering.reg(selector, 32), imm(cases.length)])
    const inst = lowering.emit('switch', [
      {
        kind: 'mem',
        base: undefined,
        index: selector,
        scale: 8,
        disp: 0,
        bits: 64,
        wraps: false,
        symbol,
        late: false,
      },
      blockOperand(otherwise),
    ])
    inst.condition = 'ae'
    return
  }
  for (const [index, target] of cases.entries()) {
    lowering.emit('cmp', [lowering.reg(selector, 32), imm(index)])
    lowering.emit('jcc', [blockOperand(target)]).condition = 'e'
  }
  lowering.emit('jmp', [blockOperand(otherwise)])
}
