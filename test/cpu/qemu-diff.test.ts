/**
 * The system architecture, attempt by attempt, on our processor and on QEMU: the same image, the same report. Where QEMU 7.2 is known to
 * leave the manual, the deviation is listed with what the manual says; everything else must be equal.
 */
import { expect, test } from 'vitest'
import { systemAttempts } from './system-attempts.ts'
import { systemAttempts32 } from './system-attempts32.ts'
import { compareReports, type Deviation } from './system-compare.ts'
import { ImageBuilder, parseReport } from './system-image.ts'
import { ImageBuilder32, parseReport32 } from './system-image32.ts'
import { haveQemu, runHere, runOnQemu } from './system-run.ts'

/** Words of a report on an exception, in this order. */
const fields = [
  'vector', 'error', 'rip', 'cs', 'rflags', 'rsp', 'ss', 'frame', 'CS', 'SS', 'DS', 'ES', 'FS', 'GS', 'RFLAGS', 'CR2',
  'rax', 'rcx', 'rdx', 'rbx', 'rsi', 'rdi', 'rbp', 'r11',
] // prettier-ignore

const deviations: Deviation[] = [
  {
    of: /^int 0x82|is a double fault$|, then a double fault$|^push on an absent stack|not canonical$/,
    in: ['SS'],
    manual: 'an IST stack without a change of level leaves SS alone (Vol. 3A, 6.14.5); QEMU loads a null SS',
  },
  {
    of: /^int through|^int beyond|^user: int |is #NP$|^gate /,
    in: ['error'],
    manual:
      'the error code is vector × 8 + 2 + EXT, selector + EXT (Vol. 3A, 6.13); QEMU multiplies by 16, and has no EXT',
  },
  {
    of: /reserved bit page|into the kernel page/,
    in: ['error'],
    manual: 'the reserved-bit flag comes only with the present flag (Vol. 3A, 4.7); QEMU clears the latter',
  },
  {
    of: /^load SS with 3$|^iretq to .* with stack 3$/,
    in: null,
    manual:
      'a null SS must have RPL = CPL (Vol. 2B, MOV; Vol. 2A, IRET, 64-bit mode exceptions); QEMU does not check',
  },
  {
    of: /^iretq to 68 with stack 0$/,
    in: null,
    manual:
      'a null SS is for returns to 64-bit code only (Vol. 2A, IRET); QEMU allows it for compatibility mode',
  },
  {
    of: /^(far jump|far call|retfq|iretq) to 70/,
    in: null,
    manual: 'a code segment with both L and D raises #GP(selector) (Vol. 2A); QEMU ignores D',
  },
  {
    of: /^jump, .* not canonical$/,
    in: ['rip'],
    manual: 'the branch itself raises #GP(0) (Vol. 2A, JMP; so does silicon); QEMU raises it at the target',
  },
  {
    of: /^iretq to an address that is not canonical$/,
    in: null,
    manual: 'IRET itself raises #GP(0) (Vol. 2A, IRET); QEMU raises it at the target',
  },
  {
    of: /^accessed bits of the GDT$/,
    in: ['12'],
    manual: 'a far CALL sets the accessed bit of the code segment (Vol. 3A, 3.4.5.1); QEMU does not',
  },
]

test.skipIf(!haveQemu)('long mode: every attempt ends here as it ends on QEMU', () => {
  const builder = new ImageBuilder()
  const image = builder.build(systemAttempts)
  const ours = parseReport(runHere(image), builder.names)
  const theirs = parseReport(runOnQemu(image), builder.names)
  expect(theirs.size).toBe(builder.names.length)
  // A deviation that no longer occurs should not stay in the list.
  expect(compareReports(ours, theirs, fields, deviations)).toEqual({ wrong: [], unused: [] })
  console.log(`${builder.names.length} attempts; QEMU leaves the manual in ${deviations.length} known ways`)
})

const deviations32: Deviation[] = [
  {
    of: /through an absent gate$|^gate to/,
    in: ['8'],
    manual:
      'bit 0 (EXT) of an error code tells that an exception was being delivered (Vol. 3A, 6.13); QEMU has no EXT',
  },
  {
    of: /^lar 5b$|^accessed bits of the GDT$/,
    in: ['0', '23'],
    manual: 'a far CALL sets the accessed bit of the code segment (Vol. 3A, 3.4.5.1); QEMU does not',
  },
]

test.skipIf(!haveQemu).each([
  ['32-bit paging', false],
  ['PAE', true],
] as const)('protected mode, %s: every attempt ends here as it ends on QEMU', (_, pae) => {
  const builder = new ImageBuilder32(pae)
  const image = builder.build(systemAttempts32)
  const ours = parseReport32(runHere(image), builder.names)
  const theirs = parseReport32(runOnQemu(image), builder.names)
  expect(theirs.size).toBe(builder.names.length)
  expect(compareReports(ours, theirs, [], deviations32)).toEqual({ wrong: [], unused: [] })
  console.log(`${builder.names.length} attempts; QEMU leaves the manual in ${deviations32.length} known ways`)
})
