import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** The operations of D8, DA, DC and DE by their extension. With ST(i) as destination, SUB and SUBR, DIV and DIVR change places. */
const operations: readonly [mnemonic: string, digit: number, toRegister: number][] = [
  ['ADD', 0, 0],
  ['MUL', 1, 1],
  ['SUB', 4, 5],
  ['SUBR', 5, 4],
  ['DIV', 6, 7],
  ['DIVR', 7, 6],
]

const arithmetic = operations.flatMap(([name, digit, toRegister]) =>
  family(
    'FPU',
    `
    F${name} m32           | D8 /${digit} mod=m      | M |
    F${name} m64           | DC /${digit} mod=m      | M |
    FI${name} m32          | DA /${digit} mod=m      | M |
    FI${name} m16          | DE /${digit} mod=m      | M |
    F${name} ST0:rw, STi   | D8 /${digit} mod=3      | M |
    F${name} STi:rw, ST0   | DC /${toRegister} mod=3 | M |
    F${name}P STi:rw, ST0  | DE /${toRegister} mod=3 | M |
    `,
  ),
)

const compare = family(
  'FPU',
  `
  FCOM m32           | D8 /2          | M  |
  FCOM m64           | DC /2          | M  |
  FCOM ST0, STi      | D8 /2 mod=3    | M  |
  FCOM ST0, STi      | DC /2 mod=3    | M  | alias id=dc
  FCOMP m32          | D8 /3          | M  |
  FCOMP m64          | DC /3          | M  |
  FCOMP ST0, STi     | D8 /3 mod=3    | M  |
  FCOMP ST0, STi     | DC /3 mod=3    | M  | alias id=dc
  FCOMP ST0, STi     | DE /2 mod=3    | M  | alias id=de
  FCOMPP             | DE D9          | ZO |
  FICOM m32          | DA /2          | M  |
  FICOM m16          | DE /2          | M  |
  FICOMP m32         | DA /3          | M  |
  FICOMP m16         | DE /3          | M  |
  FUCOM ST0, STi     | DD /4 mod=3    | M  |
  FUCOMP ST0, STi    | DD /5 mod=3    | M  |
  FUCOMPP            | DA E9          | ZO |
  FCOMI ST0, STi     | DB /6 mod=3    | M  | w:zpc 0:osa
  FCOMIP ST0, STi    | DF /6 mod=3    | M  | w:zpc 0:osa
  FUCOMI ST0, STi    | DB /5 mod=3    | M  | w:zpc 0:osa
  FUCOMIP ST0, STi   | DF /5 mod=3    | M  | w:zpc 0:osa
  FTST               | D9 E4          | ZO |
  FXAM               | D9 E5          | ZO |
  `,
)

const move = family(
  'FPU',
  `
  FLD m32            | D9 /0          | M  |
  FLD m64            | DD /0          | M  |
  FLD m80            | DB /5          | M  |
  FLD STi            | D9 /0 mod=3    | M  |
  FST m32:w          | D9 /2          | M  |
  FST m64:w          | DD /2          | M  |
  FST STi:w          | DD /2 mod=3    | M  |
  FSTP m32:w         | D9 /3          | M  |
  FSTP m64:w         | DD /3          | M  |
  FSTP m80:w         | DB /7          | M  |
  FSTP STi:w         | DD /3 mod=3    | M  |
  FSTP STi:w         | DF /2 mod=3    | M  | alias id=df_2
  FSTP STi:w         | DF /3 mod=3    | M  | alias id=df_3
  FILD m16           | DF /0          | M  |
  FILD m32           | DB /0          | M  |
  FILD m64           | DF /5          | M  |
  FIST m16:w         | DF /2          | M  |
  FIST m32:w         | DB /2          | M  |
  FISTP m16:w        | DF /3          | M  |
  FISTP m32:w        | DB /3          | M  |
  FISTP m64:w        | DF /7          | M  |
  FISTTP m16:w       | DF /1          | M  | SSE3
  FISTTP m32:w       | DB /1          | M  | SSE3
  FISTTP m64:w       | DD /1          | M  | SSE3
  FBLD m80           | DF /4          | M  |
  FBSTP m80:w        | DF /6          | M  |
  FXCH ST0:rw, STi:rw | D9 /1 mod=3   | M  |
  FXCH ST0:rw, STi:rw | DD /1 mod=3   | M  | alias id=dd
  FXCH ST0:rw, STi:rw | DF /1 mod=3   | M  | alias id=df
  FCMOVB ST0:rw, STi   | DA /0 mod=3  | M  | r:c
  FCMOVE ST0:rw, STi   | DA /1 mod=3  | M  | r:z
  FCMOVBE ST0:rw, STi  | DA /2 mod=3  | M  | r:cz
  FCMOVU ST0:rw, STi   | DA /3 mod=3  | M  | r:p
  FCMOVNB ST0:rw, STi  | DB /0 mod=3  | M  | r:c
  FCMOVNE ST0:rw, STi  | DB /1 mod=3  | M  | r:z
  FCMOVNBE ST0:rw, STi | DB /2 mod=3  | M  | r:cz
  FCMOVNU ST0:rw, STi  | DB /3 mod=3  | M  | r:p
  FFREE STi:-        | DD /0 mod=3    | M  |
  FFREEP STi:-       | DF /0 mod=3    | M  | alias
  `,
)

/** D9 E0 … FF: one operation on the top of the stack each. */
const onTop: readonly [mnemonic: string, modrm: string][] = [
  ['FNOP', 'D0'],
  ['FCHS', 'E0'],
  ['FABS', 'E1'],
  ['FLD1', 'E8'],
  ['FLDL2T', 'E9'],
  ['FLDL2E', 'EA'],
  ['FLDPI', 'EB'],
  ['FLDLG2', 'EC'],
  ['FLDLN2', 'ED'],
  ['FLDZ', 'EE'],
  ['F2XM1', 'F0'],
  ['FYL2X', 'F1'],
  ['FPTAN', 'F2'],
  ['FPATAN', 'F3'],
  ['FXTRACT', 'F4'],
  ['FPREM1', 'F5'],
  ['FDECSTP', 'F6'],
  ['FINCSTP', 'F7'],
  ['FPREM', 'F8'],
  ['FYL2XP1', 'F9'],
  ['FSQRT', 'FA'],
  ['FSINCOS', 'FB'],
  ['FRNDINT', 'FC'],
  ['FSCALE', 'FD'],
  ['FSIN', 'FE'],
  ['FCOS', 'FF'],
]

const control = family(
  'FPU',
  `
  FNINIT             | DB E3          | ZO |
  FNCLEX             | DB E2          | ZO |
  FLDCW m16          | D9 /5          | M  |
  FNSTCW m16:w       | D9 /7          | M  |
  FNSTSW m16:w       | DD /7          | M  |
  FNSTSW AX:w        | DF E0          | ZO |
  FLDENV mfpu        | D9 /4          | M  |
  FNSTENV mfpu:w     | D9 /6          | M  |
  FRSTOR mfpu        | DD /4          | M  |
  FNSAVE mfpu:w      | DD /6          | M  |
  `,
)

export const x87: RowDraft[] = [
  ...arithmetic,
  ...compare,
  ...move,
  ...onTop.flatMap(([name, modrm]) => family('FPU', `${name} | D9 ${modrm} | ZO |`)),
  ...control,
]
