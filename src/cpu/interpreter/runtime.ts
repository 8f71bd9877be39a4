/** Functions of the interpreter's module that its handlers share: write-back, exits, slow paths, stored flags. */
import {
  helpers,
  STATUS_AGAIN,
  STATUS_EXCEPTION,
  STATUS_JUMP,
  type HelperName,
  type Signature,
} from '../helpers.ts'
import * as L from '../layout.ts'
import { adjustOf, defineStoredFlags } from '../semantics/flags.ts'
import {
  add,
  and,
  eq,
  eqz,
  extendS,
  extendU,
  geS,
  gtS,
  i32,
  i64,
  load,
  loadI32,
  loadI64,
  ne,
  or,
  select,
  shl,
  sub,
  type FunctionBuilder,
  type FunctionRef,
  type FuncType,
  type I32,
  type I64,
  type ModuleBuilder,
  type ValType,
} from '../wasm/index.ts'
import { findBlock, handlerType, tlbEntry } from './dispatch.ts'
import * as R from './record.ts'

export interface Runtime {
  helper(name: HelperName): FunctionRef
  /** Writes RIP, NEXT_RIP, RETIRED and RECORD back: `(cpu, record, budget)`. */
  sync: FunctionRef
  /** Exits: the instruction has faulted; a block does not fit into the budget; look the block at RIP up (`(cpu, rip, budget)`). */
  fault: FunctionRef
  outOfBudget: FunctionRef
  lookup: FunctionRef
  /** `(cpu, record, budget, status)`: after a helper; `(cpu, record, budget, next)`: an unset link, `next` 0 taken or 1 not. */
  leave: FunctionRef
  linkMiss: FunctionRef
  /** `(cpu, record, budget, va) → i64`, and with a value or an address → status. By bits, 128 and 256 for vectors. */
  slowLoad: Record<number, FunctionRef>
  slowStore: Record<number, FunctionRef>
  /** The same through SS. */
  slowLoadStack: Record<number, FunctionRef>
  slowStoreStack: Record<number, FunctionRef>
  /** `(cpu) → i32` each, and a function for the compound conditions. */
  carry: FunctionRef
  overflow: FunctionRef
  sign: FunctionRef
  parity: FunctionRef
  /** `(cpu, carry, overflow)`: replaces these two flags. */
  setCarryOverflow: FunctionRef
}

/** Parameters and results of a helper in wasm terms. */
export function helperType(name: HelperName): FuncType {
  const [result, ...params] = helpers[name] as Signature
  return {
    params: ['i32', ...params.map((p) => p.slice(p.indexOf(':') + 1) as ValType)],
    results: result === 'none' ? [] : [result === 'status' ? 'i32' : result],
  }
}

/** Masks an address to the width of RIP in the current mode. */
function ripOf(cpu: I32, rip: I64): I64 {
  const long = eq(and(loadI32(cpu, L.MODE), i32(L.MODE_CODE)), i32(L.MODE_CODE64))
  return and(rip, select(long, i64(-1), i64(0xffffffff)))
}

/** Whether only the host can go on: an interrupt to look at, a single step, a run to be ended. */
function needsHost(cpu: I32): I32 {
  const singleStep = and(loadI32(cpu, L.MODE), i32(L.MODE_SINGLE_STEP))
  return or(loadI32(cpu, L.INTR), or(singleStep, loadI32(cpu, L.EXIT_REQUEST)))
}

export function defineRuntime(module: ModuleBuilder): Runtime {
  const imported = new Map<HelperName, FunctionRef>()
  for (const name of Object.keys(helpers) as HelperName[])
    imported.set(name, module.importFunction('helper', name, helperType(name)))
  const helper = (name: HelperName): FunctionRef => imported.get(name)!

  const exit = (build: (f: FunctionBuilder, cpu: I32, record: I32, budget: I32) => void): FunctionRef =>
    module.function(handlerType, (f) => build(f, ...(f.params as [I32, I32, I32])))

  const sync = module.function({ params: ['i32', 'i32', 'i32'], results: [] }, (f) => {
    const [cpu, record, budget] = f.params as [I32, I32, I32]
    const base = f.let(loadI64(cpu, L.CODE_BASE))
    f.store('i64.store', cpu, ripOf(cpu, add(base, extendU(loadI32(record, R.IP)))), L.RIP)
    f.store('i64.store', cpu, ripOf(cpu, add(base, extendU(loadI32(record, R.NEXT)))), L.NEXT_RIP)
    const left = extendS(add(budget, loadI32(record, R.REMAINING)))
    f.store('i64.store', cpu, sub(loadI64(cpu, L.RETIRED_LIMIT), left), L.RETIRED)
    f.store('i32.store', cpu, record, L.RECORD)
    f.store('i32.store', cpu, load('i32.load8_u', record, R.SEGMENT), L.ACCESS_SEGMENT)
  })

  const setBudget = (f: FunctionBuilder, cpu: I32, budget: I32): void =>
    f.store('i64.store', cpu, extendS(budget), L.BUDGET)

  const outOfBudget = exit((f, cpu, record, budget) => {
    f.store(
      'i64.store',
      cpu,
      ripOf(cpu, add(loadI64(cpu, L.CODE_BASE), extendU(loadI32(record, R.IP)))),
      L.RIP,
    )
    setBudget(f, cpu, budget)
    f.return(i32(R.STATUS_BUDGET))
  })

  /** The exec TLB or the block table does not know `rip`: the TLB is filled here, what is left is the host's. */
  const lookup = module.function({ params: ['i32', 'i64', 'i32'], results: ['i32'] }, (f) => {
    const [cpu, rip, budget] = f.params as [I32, I64, I32]
    f.store('i64.store', cpu, rip, L.RIP)
    const isFlat = eqz(and(loadI32(cpu, L.MODE), i32(L.MODE_SEGMENTED)))
    // At the end of the budget nothing is fetched: a walk would mark the page as accessed.
    f.if(and(isFlat, gtS(budget, i32(0))), () => {
      const tag = loadI64(f.let(tlbEntry(cpu, rip)), L.TLB_EXEC_TAG)
      f.if(ne(tag, and(rip, i64(~0xfff))), () => {
        const gpa = f.call<'i64'>(helper('translateExec'), cpu, rip)
        f.if(geS(gpa, i64(0)), () => findBlock(f, cpu, rip, budget, outOfBudget, true))
        // The host will find the fault again, and deliver it.
        f.store('i32.store', cpu, i32(0), L.EXC_PENDING)
      })
    })
    setBudget(f, cpu, budget)
    f.return(i32(R.STATUS_LOOKUP))
  })

  /** An exception is pending; `left` is the budget with its instruction unretired. A handler that is decoded already is entered from here. */
  const raised = module.function({ params: ['i32', 'i32'], results: ['i32'] }, (f) => {
    const [cpu, left] = f.params as [I32, I32]
    f.store('i32.store', cpu, i32(0), L.EXC_PENDING)
    // The host delivers when it must look at the event.
    const fuel = f.let(loadI32(cpu, L.EXCEPTION_FUEL))
    f.if(and(ne(fuel, i32(0)), eqz(needsHost(cpu))), () => {
      f.store('i32.store', cpu, sub(fuel, i32(1)), L.EXCEPTION_FUEL)
      const status = f.call(helper('deliverException'), cpu)
      // The frame may have been written where a breakpoint watches.
      f.if(and(eq(status, i32(STATUS_JUMP)), eqz(loadI32(cpu, L.EXIT_REQUEST))), () => {
        findBlock(f, cpu, f.let(loadI64(cpu, L.RIP)), left, outOfBudget, false)
        f.returnCall(lookup, cpu, loadI64(cpu, L.RIP), left)
      })
      setBudget(f, cpu, left)
      f.return(status)
    })
    setBudget(f, cpu, left)
    f.return(i32(STATUS_EXCEPTION))
  })

  const fault = exit((f, cpu, record, budget) => {
    f.callVoid(sync, cpu, record, budget)
    f.returnCall(raised, cpu, add(budget, loadI32(record, R.REMAINING)))
  })

  /** A helper has answered with something other than STATUS_CONTINUE; `before` is the budget with its instruction unretired. */
  const left = module.function({ params: ['i32', 'i32', 'i32'], results: ['i32'] }, (f) => {
    const [cpu, before, status] = f.params as [I32, I32, I32]
    f.if(eq(status, i32(STATUS_EXCEPTION)), () => f.returnCall(raised, cpu, before))
    // The usual end of SYSCALL, IRET and their like: nothing for the host to do.
    f.if(eq(status, i32(STATUS_JUMP)), () => {
      const after = f.let(sub(before, i32(1)))
      f.if(eqz(needsHost(cpu)), () =>
        findBlock(f, cpu, f.let(loadI64(cpu, L.RIP)), after, outOfBudget, false),
      )
    })
    setBudget(f, cpu, sub(before, ne(status, i32(STATUS_AGAIN))))
    f.store('i32.store', cpu, i32(0), L.EXC_PENDING)
    f.return(status)
  })

  const leave = module.function({ params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] }, (f) => {
    const [cpu, record, budget, status] = f.params as [I32, I32, I32, I32]
    f.returnCall(left, cpu, add(budget, loadI32(record, R.REMAINING)), status)
  })
  /** Translated code has met something rare: the instruction at `rip` and those behind it are done here. */
  const careful = module.function({ params: ['i32', 'i64', 'i32'], results: ['i32'] }, (f) => {
    const [cpu, rip, budget] = f.params as [I32, I64, I32]
    findBlock(f, cpu, rip, budget, outOfBudget, false, 'careful')
    f.store('i64.store', cpu, rip, L.RIP)
    setBudget(f, cpu, budget)
    f.return(i32(R.STATUS_CAREFUL))
  })
  const go = module.function({ params: ['i32', 'i64', 'i32'], results: ['i32'] }, (f) => {
    const [cpu, rip, budget] = f.params as [I32, I64, I32]
    findBlock(f, cpu, rip, budget, outOfBudget, true)
    f.returnCall(lookup, cpu, rip, budget)
  })
  // Translated code leaves through the same doors.
  module.exportFunction('go', go)
  module.exportFunction('raised', raised)
  module.exportFunction('left', left)
  module.exportFunction('careful', careful)

  const linkMiss = module.function({ params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] }, (f) => {
    const [cpu, record, budget, next] = f.params as [I32, I32, I32, I32]
    const offset = select(next, extendU(loadI32(record, R.NEXT)), loadI64(record, R.IMMEDIATE))
    f.store('i64.store', cpu, ripOf(cpu, add(loadI64(cpu, L.CODE_BASE), offset)), L.RIP)
    const field = select(next, i32(R.LINK_NEXT), i32(R.LINK))
    f.store('i32.store', cpu, add(record, field), L.EXIT_LINK)
    setBudget(f, cpu, budget)
    f.return(i32(R.STATUS_LINK))
  })

  // Slow paths: write back, then let the helper do the work.
  const slow = (name: HelperName, stack: boolean): FunctionRef => {
    const [, ...params] = helperType(name).params
    return module.function(
      { params: ['i32', 'i32', 'i32', ...params], results: helperType(name).results },
      (f) => {
        const [cpu, record, budget, ...rest] = f.params as [I32, I32, I32]
        f.callVoid(sync, cpu, record, budget)
        if (stack) f.store('i32.store', cpu, i32(L.SS), L.ACCESS_SEGMENT)
        f.return(f.call(helper(name), cpu, ...rest))
      },
    )
  }
  const slowLoad: Record<number, FunctionRef> = {}
  const slowStore: Record<number, FunctionRef> = {}
  const slowLoadStack: Record<number, FunctionRef> = {}
  const slowStoreStack: Record<number, FunctionRef> = {}
  for (const bits of [8, 16, 32, 64, 128] as const) {
    slowLoad[bits] = slow(`load${bits}`, false)
    slowStore[bits] = slow(`store${bits}`, false)
    slowLoadStack[bits] = slow(`load${bits}`, true)
    slowStoreStack[bits] = slow(`store${bits}`, true)
  }
  // 256 bits are two halves; a store looks at all of them before it writes the first.
  const wide = (name: 'load128' | 'store128'): FunctionRef =>
    module.function({ params: ['i32', 'i32', 'i32', 'i64', 'i32'], results: ['i32'] }, (f) => {
      const [cpu, record, budget, va, data] = f.params as [I32, I32, I32, I64, I32]
      f.callVoid(sync, cpu, record, budget)
      const orLeave = (status: I32): void => f.if(status, () => f.return(i32(STATUS_EXCEPTION)))
      if (name === 'store128') orLeave(f.call(helper('probeWrite'), cpu, va, i32(32)))
      orLeave(f.call(helper(name), cpu, va, data))
      f.return(f.call(helper(name), cpu, add(va, i64(16)), add(data, i32(16))))
    })
  slowLoad[256] = wide('load128')
  slowStore[256] = wide('store128')

  const stored = (which: 'carry' | 'overflow' | 'sign' | 'parity'): FunctionRef =>
    module.function({ params: ['i32'], results: ['i32'] }, (f) => {
      const cpu = f.params[0] as I32
      defineStoredFlags(f, which, {
        kind: loadI32(cpu, L.FLAGS_KIND),
        x: loadI64(cpu, L.FLAGS_X),
        result: loadI64(cpu, L.FLAGS_RESULT),
      })
    })

  const setCarryOverflow = module.function({ params: ['i32', 'i32', 'i32'], results: [] }, (f) => {
    const [cpu, carry, overflow] = f.params as [I32, I32, I32]
    const kind = f.let(loadI32(cpu, L.FLAGS_KIND))
    const x = f.let(loadI64(cpu, L.FLAGS_X))
    const bits = f.let(extendU(or(carry, shl(overflow, i32(11)))))
    f.if(eqz(and(kind, i32(0xff))), () => {
      f.store('i64.store', cpu, or(and(x, i64(~0x801)), bits), L.FLAGS_X)
      f.return()
    })
    const adjust = adjustOf(and(kind, i32(0xff)), x, f.let(loadI64(cpu, L.FLAGS_RESULT)))
    f.store('i64.store', cpu, or(adjust, bits), L.FLAGS_X)
    f.store('i32.store', cpu, i32(L.FLAGS_PARTIAL), L.FLAGS_KIND)
  })

  return {
    helper,
    sync,
    fault,
    outOfBudget,
    lookup,
    leave,
    linkMiss,
    slowLoad,
    slowStore,
    slowLoadStack,
    slowStoreStack,
    carry: stored('carry'),
    overflow: stored('overflow'),
    sign: stored('sign'),
    parity: stored('parity'),
    setCarryOverflow,
  }
}
