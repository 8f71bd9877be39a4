/**
 * What studies have measured on real machines. Nothing here enters the model. A study gives totals; how they are split follows from its own rows
 * (a row without what another has) and from the cycles of SYSCALL and SYSRET on the nearest core, and the rest is the software of the entry.
 */

export interface PublishedRow {
  readonly what: string
  /** The link mode that corresponds; `minus`: what it adds to that one. */
  readonly link: string
  readonly minus?: string
  readonly case?: string
  /** In the study's unit. */
  readonly value: number
  /** Privileged instructions on the way in and out, by the names of the model's events. */
  readonly transitions: readonly string[]
  /** Of the value: isolation and barriers, and the work with the loop and the timer. Both from other rows of the study. */
  readonly mitigation?: number
  readonly work?: number
  /** What the study's way does otherwise than ours. */
  readonly note?: string
}

export interface Study {
  readonly name: string
  readonly source: string
  readonly unit: 'cycles' | 'ns'
  /** For a study in ns. */
  readonly gigahertz?: number
  /** The profile of the core that is nearest to the study's. */
  readonly nearest: string
  readonly rows: readonly PublishedRow[]
  readonly note?: string
}

const trap = ['syscall', 'sysret']

const hermitux: Study = {
  name: 'HermiTux, null system call',
  source: 'D. Chiba, M.Sc. thesis, figure 6.1: Xeon E5-2695, Linux 4.9',
  unit: 'cycles',
  nearest: 'broadwell',
  rows: [
    {
      what: 'Linux, KPTI',
      link: 'trap+kpti-nopcid',
      value: 1118,
      transitions: trap,
      mitigation: 1118 - 199,
      work: 9,
    },
    { what: 'Linux', link: 'trap', value: 199, transitions: trap, work: 9 },
    {
      what: 'SYSCALL in ring 0',
      link: 'base',
      value: 115,
      transitions: ['syscall'],
      work: 9,
      note: 'theirs executes SYSCALL and comes back by a jump; ours calls the same path',
    },
    {
      what: 'rewritten to a call',
      link: 'bypass',
      value: 33,
      transitions: [],
      work: 9,
      note: 'theirs goes through a trampoline that turns the registers of a system call into arguments',
    },
    {
      what: 'plain call',
      link: 'direct',
      value: 9,
      transitions: [],
      work: 9,
      note: 'ours counts its loop and the kernel’s lock',
    },
  ],
}

const unikraft: Study = {
  name: 'Unikraft, no-op call',
  source: 'EuroSys 2021 artifacts, table 1: Core i7-9700K, Linux 5.11 in KVM',
  unit: 'cycles',
  nearest: 'skylake',
  rows: [
    {
      what: 'Linux, mitigations on',
      link: 'trap+mitigations',
      value: 222,
      transitions: trap,
      mitigation: 222 - 154,
      work: 4,
      note: 'the whole of their mitigations takes 68 cycles: their machine clears no buffers on the way out, the model’s VERW does',
    },
    { what: 'Linux, mitigations off', link: 'trap', value: 154, transitions: trap, work: 4 },
    { what: 'SYSCALL in ring 0', link: 'base', value: 84, transitions: ['syscall'], work: 4 },
    {
      what: 'empty function',
      link: 'direct',
      case: 'null call',
      value: 4,
      transitions: [],
      work: 4,
      note: 'the model has neither the latency of a call and its return nor their overlap with the loop',
    },
  ],
}

const ukl: Study = {
  name: 'UKL, getppid',
  source:
    'Raza et al., Unikernel Linux, EuroSys 2023, figure 1: Xeon E5-2600 at 2.2 GHz, Linux 5.14, no KPTI',
  unit: 'ns',
  gigahertz: 2.2,
  nearest: 'broadwell',
  note:
    'Each of their calls stands between two readings of the clock, which their last row bounds: it is taken as the work. Linux’s entry path ' +
    'looks after tracing, signals, scheduling and accounting; ours does not. Some of it may be VERW (610 cycles on Broadwell), which the bypass leaves out; ' +
    'the study does not separate it.',
  rows: [
    { what: 'Linux', link: 'trap', value: 342.62, transitions: trap, work: 56.55 },
    { what: 'UKL base', link: 'base', value: 325.26, transitions: [], work: 56.55 },
    { what: 'UKL, entry bypassed', link: 'bypass', value: 56.55, transitions: [], work: 56.55 },
  ],
}

/** Call and case, and what the study has for Linux, for UKL base and with the entry bypassed. */
const uklCalls: readonly (readonly [string, string, number, number, number])[] = [
  ['read', 'read 1 B', 614.54, 599.84, 311.65],
  ['write', 'write 1 B', 660.16, 647.49, 391.02],
  ['sendto', 'sendto 1 B', 739.17, 706.1, 462.83],
  ['recvfrom', 'recvfrom 1 B', 649.55, 621.5, 408.97],
]

const uklPayload: Study = {
  ...ukl,
  name: 'UKL, calls of one byte',
  note:
    'As above the last row of each is taken as the work. Theirs are a file and a Unix socket behind Linux’s file layer, ours a pipe and the loopback ' +
    'interface: what can be compared is the difference between the rows of one call.',
  rows: uklCalls.flatMap(([what, name, linux, base, bypass]) => [
    { what: `${what}: Linux`, link: 'trap', case: name, value: linux, transitions: trap, work: bypass },
    { what: `${what}: UKL base`, link: 'base', case: name, value: base, transitions: [], work: bypass },
    { what: `${what}: bypassed`, link: 'bypass', case: name, value: bypass, transitions: [], work: bypass },
  ]),
}

/** Sums of the study's own rows, which are the model's costs: what differs is what our entry code executes. */
const mitigations: Study = {
  name: 'Mitigations, Skylake',
  source: 'Behrens et al., EuroSys 2022, costs one by one: Core i7-6600U',
  unit: 'cycles',
  nearest: 'skylake',
  note: 'The model’s costs are this study’s, so that its rows check the arithmetic and not the model.',
  rows: [
    {
      what: 'KPTI: two swaps of CR3',
      link: 'trap+kpti',
      minus: 'trap',
      value: 2 * 191,
      transitions: [],
      mitigation: 2 * 191,
      work: 0,
    },
    {
      what: 'VERW, fence, fill, retpoline',
      link: 'trap+mitigations',
      minus: 'trap',
      value: 518 + 20 + 130 + 19,
      transitions: [],
      mitigation: 518 + 20 + 130 + 19,
      work: 0,
    },
  ],
}

export const studies: readonly Study[] = [hermitux, unikraft, ukl, uklPayload, mitigations]
