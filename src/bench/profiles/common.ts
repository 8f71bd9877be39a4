/** What all profiles share: ratios that no source gives for each core, and how a measured pair is split in two. */
import { assumed, type Cost, measured, type Profile } from './profile.ts'

export const BEHRENS =
  'Behrens et al., Performance Evolution of Mitigating Transient Execution Attacks, EuroSys 2022: mean of a million runs'
export const KERNEL_ENTRY =
  'x86.lol, kernel entry measurements: empty handlers on a Xeon E3-1270 v5 (Skylake) in a virtual machine'
const HASWELL = 'L. Torvalds, 2014: page fault on Haswell, 715 cycles for the delivery and 330 for IRET'

const NO_FRED = 'no measurement of FRED is published'

const IRET = 194
const INT = 420

/**
 * Gates and far transfers: pairs measured on Skylake. INT and IRET together 614, split as Haswell's page fault is; call gate and far return together
 * 456, split in two halves; SYSENTER and SYSEXIT together 73.
 */
export const gates: Readonly<Record<string, Cost>> = {
  'software-interrupt': assumed(INT, `${KERNEL_ENTRY}: 614 with IRET, split as in ${HASWELL}`),
  iret: assumed(IRET, `${KERNEL_ENTRY}: 614 with INT, split as in ${HASWELL}`),
  exception: assumed(1045 - IRET, `${HASWELL}, less what IRET has here`),
  interrupt: assumed(INT, 'as INT'),
  'far-call': assumed(228, `${KERNEL_ENTRY}: half of 456`),
  'far-return': assumed(228, `${KERNEL_ENTRY}: half of 456`),
  sysenter: assumed(37, `${KERNEL_ENTRY}: half of 73`),
  'fred-event': assumed(50, `${NO_FRED}; as SYSCALL, and eight words pushed`),
  eretu: assumed(50, `${NO_FRED}; as SYSRET, and five words popped`),
  erets: assumed(40, `${NO_FRED}; as ERETU, without a change of ring`),
  sysexit: assumed(36, `${KERNEL_ENTRY}: half of 73`),
}

/** Instructions that every core executes in microcode or in order. */
export const slowInstructions: Readonly<Record<string, Cost>> = {
  swapgs: assumed(20, 'no isolated measurement is published'),
  rdmsr: assumed(80, 'no isolated measurement is published'),
  wrmsr: assumed(100, 'no isolated measurement is published; IA32_SPEC_CTRL costs more'),
  cpuid: assumed(100, 'no isolated measurement is published'),
  rdtsc: assumed(25, 'no isolated measurement is published'),
  pushf: assumed(4, 'no isolated measurement is published'),
  popf: assumed(20, 'no isolated measurement is published'),
  'cli-sti': assumed(5, 'no isolated measurement is published'),
  'stac-clac': assumed(10, 'no isolated measurement is published'),
  'fpu-save': assumed(100, 'no isolated measurement is published'),
  'fpu-restore': assumed(100, 'no isolated measurement is published'),
  'port-io': assumed(1000, 'depends on what answers'),
  invlpg: assumed(200, 'no isolated measurement is published'),
  invpcid: assumed(200, 'no isolated measurement is published'),
  'string-bytes': assumed(1 / 32, 'fast strings at 32 bytes a cycle, from the first-level cache'),
}

/** Two instructions a cycle; the loop of a call that does nothing, 4 cycles on a Core i7-9700K (EuroSys 2021 artifacts of Unikraft), bears it out. */
export const ordinary: Cost = assumed(0.5, 'two instructions a cycle')

/** One column of the study of mitigations: a processor's cycles. 0: the processor does not need it. */
export interface Column {
  readonly syscall: number
  readonly sysret: number
  /** A swap of CR3, with process-context identifiers. */
  readonly cr3: number
  readonly verw: number
  readonly lfence: number
  /** An indirect branch, and what a generic retpoline adds to it. */
  readonly indirect: number
  readonly retpoline: number
  /** Filling the return stack buffer. */
  readonly fill: number
}

const SKYLAKE_CR3 = 191
/** Cycles to walk again for what a flush has dropped. */
const REFILL = 300

/** Where the core needs no isolation the study has no figure; a swap is then taken to cost what Skylake's does. */
export function eventsOf({ syscall, sysret, cr3, verw, lfence }: Column): Profile['events'] {
  const swap = cr3 > 0 ? cr3 : SKYLAKE_CR3
  return {
    syscall: measured(syscall, BEHRENS),
    sysret: measured(sysret, BEHRENS),
    'cr3-keep':
      cr3 > 0 ? measured(cr3, BEHRENS) : assumed(swap, `${BEHRENS}: not needed on this core, as on Skylake`),
    'cr3-flush': assumed(
      swap + REFILL,
      `a swap, and ${REFILL} cycles to walk again for what the flush has dropped`,
    ),
    verw:
      verw > 0
        ? measured(verw, BEHRENS)
        : assumed(30, `${BEHRENS}: not needed on this core, no buffer is cleared`),
    fence: measured(lfence, BEHRENS),
  }
}

export function sequencesOf({ indirect, retpoline, fill }: Column): Profile['sequences'] {
  return {
    'return-stack-fill': measured(fill, BEHRENS),
    retpoline: measured(indirect + retpoline, `${BEHRENS}: an indirect branch, and the generic retpoline`),
  }
}
