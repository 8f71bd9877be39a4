import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** The eight operations of the opcode map's first four lines, in the order of their opcode extension (manual: table A-6, group 1). */
const group1: readonly [mnemonic: string, flags: string, destination: string][] = [
  ['ADD', 'w:oszapc', 'rw'],
  ['OR', 'w:szp u:a 0:oc', 'rw'],
  ['ADC', 'r:c w:oszapc', 'rw'],
  ['SBB', 'r:c w:oszapc', 'rw'],
  ['AND', 'w:szp u:a 0:oc', 'rw'],
  ['SUB', 'w:oszapc', 'rw'],
  ['XOR', 'w:szp u:a 0:oc', 'rw'],
  ['CMP', 'w:oszapc', 'r'],
]

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

const binary = group1.flatMap(([name, flags, access], digit) => {
  const op = digit << 3
  const d = access === 'rw' ? ':rw' : ''
  const lock = access === 'rw' ? 'lock ' : ''
  return family(
    'base',
    `
    ${name} AL${d}, imm8      | ${hex(op + 4)} ib       | I  | ${flags}
    ${name} rAX${d}, immz     | ov ${hex(op + 5)} iz    | I  | ${flags}
    ${name} r/m8${d}, imm8    | 80 /${digit} ib         | MI | ${lock}${flags}
    ${name} r/m8${d}, imm8    | 82 /${digit} ib         | MI | ${lock}${flags} !64 alias id=82
    ${name} r/mv${d}, immz    | ov 81 /${digit} iz      | MI | ${lock}${flags}
    ${name} r/mv${d}, simm8   | ov 83 /${digit} ib      | MI | ${lock}${flags}
    ${name} r/m8${d}, r8      | ${hex(op)} /r           | MR | ${lock}${flags}
    ${name} r/mv${d}, rv      | ov ${hex(op + 1)} /r    | MR | ${lock}${flags}
    ${name} r8${d}, r/m8      | ${hex(op + 2)} /r       | RM | ${flags}
    ${name} rv${d}, r/mv      | ov ${hex(op + 3)} /r    | RM | ${flags}
    `,
  )
})

const unary = family(
  'base',
  `
  TEST AL, imm8          | A8 ib          | I   | w:szp u:a 0:oc
  TEST rAX, immz         | ov A9 iz       | I   | w:szp u:a 0:oc
  TEST r/m8, imm8        | F6 /0 ib       | MI  | w:szp u:a 0:oc
  TEST r/m8, imm8        | F6 /1 ib       | MI  | w:szp u:a 0:oc alias id=f6_1
  TEST r/mv, immz        | ov F7 /0 iz    | MI  | w:szp u:a 0:oc
  TEST r/mv, immz        | ov F7 /1 iz    | MI  | w:szp u:a 0:oc alias id=f7_1
  TEST r/m8, r8          | 84 /r          | MR  | w:szp u:a 0:oc
  TEST r/mv, rv          | ov 85 /r       | MR  | w:szp u:a 0:oc
  NOT r/m8:rw            | F6 /2          | M   | lock
  NOT r/mv:rw            | ov F7 /2       | M   | lock
  NEG r/m8:rw            | F6 /3          | M   | lock w:oszapc
  NEG r/mv:rw            | ov F7 /3       | M   | lock w:oszapc
  MUL r/m8               | F6 /4          | M   | w:oc u:szap
  MUL r/mv               | ov F7 /4       | M   | w:oc u:szap
  IMUL r/m8              | F6 /5          | M   | w:oc u:szap
  IMUL r/mv              | ov F7 /5       | M   | w:oc u:szap
  IMUL rv:rw, r/mv       | ov 0F AF /r    | RM  | w:oc u:szap
  IMUL rv:w, r/mv, simm8 | ov 6B /r ib    | RMI | w:oc u:szap
  IMUL rv:w, r/mv, immz  | ov 69 /r iz    | RMI | w:oc u:szap
  DIV r/m8               | F6 /6          | M   | u:oszapc
  DIV r/mv               | ov F7 /6       | M   | u:oszapc
  IDIV r/m8              | F6 /7          | M   | u:oszapc
  IDIV r/mv              | ov F7 /7       | M   | u:oszapc
  INC r/m8:rw            | FE /0          | M   | lock w:oszap
  INC r/mv:rw            | ov FF /0       | M   | lock w:oszap
  INC rv:rw              | ox 40 +r       | O   | w:oszap !64
  DEC r/m8:rw            | FE /1          | M   | lock w:oszap
  DEC r/mv:rw            | ov FF /1       | M   | lock w:oszap
  DEC rv:rw              | ox 48 +r       | O   | w:oszap !64
  CBW                    | o16 98         | ZO  |
  CWDE                   | o32 98         | ZO  |
  CDQE                   | o64 98         | ZO  |
  CWD                    | o16 99         | ZO  |
  CDQ                    | o32 99         | ZO  |
  CQO                    | o64 99         | ZO  |
  XADD r/m8:rw, r8:rw    | 0F C0 /r       | MR  | lock w:oszapc
  XADD r/mv:rw, rv:rw    | ov 0F C1 /r    | MR  | lock w:oszapc
  CMPXCHG r/m8:rw, r8    | 0F B0 /r       | MR  | lock w:oszapc
  CMPXCHG r/mv:rw, rv    | ov 0F B1 /r    | MR  | lock w:oszapc
  CMPXCHG8B m64:rw       | 0F C7 /1   | M   | lock w:z CX8
  CMPXCHG16B m128:rw     | REX.W 0F C7 /1 | M | lock w:z CX16
  DAA                    | 27             | ZO  | !64 r:ac w:szapc u:o
  DAS                    | 2F             | ZO  | !64 r:ac w:szapc u:o
  AAA                    | 37             | ZO  | !64 r:a w:ac u:oszp
  AAS                    | 3F             | ZO  | !64 r:a w:ac u:oszp
  AAM imm8               | D4 ib          | I   | !64 w:szp u:oac
  AAD imm8               | D5 ib          | I   | !64 w:szp u:oac
  `,
)

/** ADX selects 32 or 64 bits by REX.W alone, because 66 is its mandatory prefix. */
const adx = family(
  'ADX',
  `
  ADCX r32:rw, r/m32 | 66 0F 38 F6 /r       | RM | r:c w:c
  ADCX r64:rw, r/m64 | 66 REX.W 0F 38 F6 /r | RM | r:c w:c
  ADOX r32:rw, r/m32 | F3 0F 38 F6 /r       | RM | r:o w:o
  ADOX r64:rw, r/m64 | F3 REX.W 0F 38 F6 /r | RM | r:o w:o
  `,
)

export const arithmetic: RowDraft[] = [...binary, ...unary, ...adx]
