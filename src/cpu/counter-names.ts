/** Names of the counters of `counters.ts`, and which instructions have one. */
import * as C from './counters.ts'
import * as P from './probe.ts'

/** Mnemonics that share a counter, in the order of the counters. */
const instructions: readonly (readonly [name: string, ...mnemonics: string[]])[] = [
  ['swapgs', 'swapgs'],
  ['rdmsr', 'rdmsr'],
  ['wrmsr', 'wrmsr'],
  ['cpuid', 'cpuid'],
  ['rdtsc', 'rdtsc', 'rdtscp'],
  ['verw', 'verw'],
  ['fence', 'lfence', 'mfence', 'sfence'],
  ['pushf', 'pushf', 'pushfd', 'pushfq'],
  ['popf', 'popf', 'popfd', 'popfq'],
  ['cli-sti', 'cli', 'sti'],
  ['stac-clac', 'stac', 'clac'],
  ['fpu-save', 'fxsave', 'fxsave64', 'xsave', 'xsave64', 'xsaveopt', 'xsaveopt64', 'xsavec', 'xsavec64'],
  ['fpu-restore', 'fxrstor', 'fxrstor64', 'xrstor', 'xrstor64'],
  ['port-io', 'in', 'out'],
  ['hlt', 'hlt'],
  ['invlpg', 'invlpg'],
  ['invpcid', 'invpcid'],
]

const transitions: readonly (readonly [number, string])[] = [
  [P.TRANSITION_SYSCALL, 'syscall'],
  [P.TRANSITION_SYSRET, 'sysret'],
  [P.TRANSITION_SYSENTER, 'sysenter'],
  [P.TRANSITION_SYSEXIT, 'sysexit'],
  [P.TRANSITION_IRET, 'iret'],
  [P.TRANSITION_FAR_JUMP, 'far-jump'],
  [P.TRANSITION_FAR_CALL, 'far-call'],
  [P.TRANSITION_FAR_RETURN, 'far-return'],
  [P.TRANSITION_ERETS, 'erets'],
  [P.TRANSITION_ERETU, 'eretu'],
  [P.TRANSITION_TASK_SWITCH, 'task-switch'],
  [P.TRANSITION_ERETS, 'erets'],
  [P.TRANSITION_ERETU, 'eretu'],
]

/** Counter → name, of all counters but those of the rings. */
export const counterNames: ReadonlyMap<number, string> = new Map([
  [C.COUNT_CR3_FLUSH, 'cr3-flush'],
  [C.COUNT_CR3_KEEP, 'cr3-keep'],
  [C.COUNT_SOFTWARE_INTERRUPT, 'software-interrupt'],
  [C.COUNT_EXCEPTION, 'exception'],
  [C.COUNT_INTERRUPT, 'interrupt'],
  [C.COUNT_STRING_BYTES, 'string-bytes'],
  [C.COUNT_FRED_EVENT, 'fred-event'],
  ...transitions.map(([transition, name]) => [C.COUNT_TRANSITIONS + transition, name] as const),
  ...instructions.map(([name], index) => [C.COUNT_INSTRUCTIONS + index, name] as const),
])

const byMnemonic: ReadonlyMap<string, number> = new Map(
  instructions.flatMap(([, ...mnemonics], index) =>
    mnemonics.map((mnemonic) => [mnemonic, C.COUNT_INSTRUCTIONS + index] as const),
  ),
)

/** The counter of an instruction, or undefined for the ordinary ones. It counts attempts: also those that fault. */
export function counterOf(mnemonic: string): number | undefined {
  return byMnemonic.get(mnemonic)
}
