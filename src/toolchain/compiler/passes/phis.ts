import { type Graph, type Value, resolve } from '../ssa/ir.ts'

/** Removes phis whose arguments are all one value or the phi itself, until none is left. */
export function removeTrivialPhis(graph: Graph): void {
  for (let changed = true; changed;) {
    changed = false
    for (const block of graph.blocks) {
      for (const phi of block.phis) {
        const only = onlyArgument(phi)
        if (!only) continue
        phi.replacement = only
        changed = true
      }
      if (changed) block.phis = block.phis.filter((phi) => !phi.replacement)
    }
  }
  applyReplacements(graph)
}

function onlyArgument(phi: Value): Value | undefined {
  let only: Value | undefined
  for (const each of phi.args) {
    const arg = resolve(each)
    if (arg === phi || arg === only) continue
    if (only && !sameConstant(only, arg)) return undefined
    only = arg
  }
  return only
}

/** Equal integer constants of different blocks. A constant is made where it is used, so either may stand for both. */
function sameConstant(a: Value, b: Value): boolean {
  return a.op === b.op && /^i(32|64)\.const$/.test(a.op) && a.imm === b.imm && a.wide === b.wide
}

/** Makes every argument refer to the value that stands for it. */
export function applyReplacements(graph: Graph): void {
  const replace = (args: Value[]): void => {
    for (let index = 0; index < args.length; index++) {
      if (args[index]!.replacement) args[index] = resolve(args[index]!)
    }
  }
  for (const block of graph.blocks) {
    for (const phi of block.phis) replace(phi.args)
    for (const value of block.values) replace(value.args)
    replace(block.exit.args)
  }
}
