/** Rows of user code that are not compared with the silicon one by one, why, and the test that has them instead. */
import { MODE32, MODE64, type Row } from '../../../src/isa/index.ts'

interface Elsewhere {
  readonly rows: RegExp
  /** Restricts the pattern to rows of these branches. */
  readonly branch?: RegExp
  readonly why: string
  readonly test: string
}

const elsewhere: readonly Elsewhere[] = [
  {
    rows: /^(rdtsc|rdtscp|rdpmc|rdrand|rdseed|rdpid)/,
    why: 'time and chance',
    test: 'test/cpu/helpers-system.test.ts',
  },
  { rows: /^(cpuid|xgetbv)/, why: 'tells what the model is', test: 'test/cpu/helpers-cpuid.test.ts' },
  {
    rows: /^(sgdt|sidt|sldt|str\.|smsw|lar|lsl|verr|verw|arpl|l[defgs]s\.|pop\.[defgs]s|push\.[defgcs]s|mov\..*sreg)/,
    why: "depends on the host kernel's tables",
    test: 'test/cpu/qemu-diff.test.ts',
  },
  { rows: /^(cli|sti|in\.|out\.|ins|outs|popf)/, why: 'depends on IOPL', test: 'test/cpu/qemu-diff.test.ts' },
  { rows: /^(rd|wr)[fg]sbase/, why: "the host program's own", test: 'test/cpu/helpers-system.test.ts' },
  { rows: /^(rd|wr)pkru/, why: 'needs keys', test: 'test/cpu/mmu-permissions.test.ts' },
  { rows: /^(fxsave|fxrstor|xsave|xrstor)/, why: 'areas of state', test: 'test/cpu/silicon/xsave.test.ts' },
  {
    rows: /^std$/,
    why: 'the direction flag is an input of the string instructions',
    test: 'test/cpu/helpers-strings.test.ts',
  },
  {
    rows: /^(monitor|mwait|stac|clac|vmcall|vmmcall|enc?lu|cldemote)/,
    why: 'refused in user code',
    test: 'test/cpu/',
  },
  {
    rows: /./,
    branch: /^(call-far|jmp-far|ret-far|int|iret|syscall|sysret|halt|undefined)$/,
    why: 'changes privilege or raises',
    test: 'test/cpu/privilege-transitions.test.ts, test/cpu/qemu-diff.test.ts',
  },
  {
    rows: /\.(o16|rel16|rm16)$/,
    branch: /^(jmp|call|jcc|ret)/,
    why: 'cuts RIP to 16 bits',
    test: 'test/cpu/qemu-diff.test.ts',
  },
  { rows: /moffs/, why: 'an absolute address', test: 'test/cpu/fuzz.test.ts' },
  { rows: /^(rdsspd|rdsspq|endbr|reservednop)/, why: 'does nothing', test: 'test/isa/' },
]

/** Why and where, or null. */
export function foundElsewhere(row: Row): Elsewhere | null {
  return elsewhere.find((each) => each.rows.test(row.id) && (each.branch?.test(row.branch) ?? true)) ?? null
}

/** Whether code in ring 3 can come to execute it, in 32- or 64-bit code. */
export function isUserRow(row: Row): boolean {
  return !row.privileged && (row.modes & (MODE32 | MODE64)) !== 0
}
