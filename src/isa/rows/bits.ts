import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** Bit tests and scans, counts, and the BMI extensions. A memory operand of BT is addressed by the register's whole value. */
export const bits: RowDraft[] = family(
  'base',
  `
  BT r/mv, rv           | ov 0F A3 /r       | MR | w:c u:osap
  BT r/mv, imm8         | ov 0F BA /4 ib    | MI | w:c u:osap
  BTS r/mv:rw, rv       | ov 0F AB /r       | MR | lock w:c u:osap
  BTS r/mv:rw, imm8     | ov 0F BA /5 ib    | MI | lock w:c u:osap
  BTR r/mv:rw, rv       | ov 0F B3 /r       | MR | lock w:c u:osap
  BTR r/mv:rw, imm8     | ov 0F BA /6 ib    | MI | lock w:c u:osap
  BTC r/mv:rw, rv       | ov 0F BB /r       | MR | lock w:c u:osap
  BTC r/mv:rw, imm8     | ov 0F BA /7 ib    | MI | lock w:c u:osap
  BSF rv:rw, r/mv       | ov 0F BC /r       | RM | w:z u:osapc
  BSR rv:rw, r/mv       | ov 0F BD /r       | RM | w:z u:osapc
  TZCNT rv:w, r/mv      | F3 ov 0F BC /r    | RM | BMI1 w:zc u:osap
  LZCNT rv:w, r/mv      | F3 ov 0F BD /r    | RM | LZCNT w:zc u:osap
  POPCNT rv:w, r/mv     | F3 ov 0F B8 /r    | RM | POPCNT w:z 0:osapc
  CRC32 r32:rw, r/m8    | F2 0F 38 F0 /r    | RM | SSE4_2
  CRC32 r64:rw, r/m8    | F2 REX.W 0F 38 F0 /r | RM | SSE4_2
  CRC32 r32:rw, r/m16   | F2 o16 0F 38 F1 /r | RM | SSE4_2
  CRC32 r32:rw, r/m32   | F2 o32 0F 38 F1 /r | RM | SSE4_2
  CRC32 r64:rw, r/m64   | F2 o64 0F 38 F1 /r | RM | SSE4_2

  ANDN r32:w, r32, r/m32   | VEX.LZ.NP.0F38.W0 F2 /r    | RVM | BMI1 w:sz u:ap 0:oc
  ANDN r64:w, r64, r/m64   | VEX.LZ.NP.0F38.W1 F2 /r    | RVM | BMI1 w:sz u:ap 0:oc 64
  BEXTR r32:w, r/m32, r32  | VEX.LZ.NP.0F38.W0 F7 /r    | RMV | BMI1 w:z u:sap 0:oc
  BEXTR r64:w, r/m64, r64  | VEX.LZ.NP.0F38.W1 F7 /r    | RMV | BMI1 w:z u:sap 0:oc 64
  BLSI r32:w, r/m32        | VEX.LZ.NP.0F38.W0 F3 /3    | VM  | BMI1 w:szc u:ap 0:o
  BLSI r64:w, r/m64        | VEX.LZ.NP.0F38.W1 F3 /3    | VM  | BMI1 w:szc u:ap 0:o 64
  BLSMSK r32:w, r/m32      | VEX.LZ.NP.0F38.W0 F3 /2    | VM  | BMI1 w:sc u:ap 0:oz
  BLSMSK r64:w, r/m64      | VEX.LZ.NP.0F38.W1 F3 /2    | VM  | BMI1 w:sc u:ap 0:oz 64
  BLSR r32:w, r/m32        | VEX.LZ.NP.0F38.W0 F3 /1    | VM  | BMI1 w:szc u:ap 0:o
  BLSR r64:w, r/m64        | VEX.LZ.NP.0F38.W1 F3 /1    | VM  | BMI1 w:szc u:ap 0:o 64
  BZHI r32:w, r/m32, r32   | VEX.LZ.NP.0F38.W0 F5 /r    | RMV | BMI2 w:szc u:ap 0:o
  BZHI r64:w, r/m64, r64   | VEX.LZ.NP.0F38.W1 F5 /r    | RMV | BMI2 w:szc u:ap 0:o 64
  MULX r32:w, r32:w, r/m32 | VEX.LZ.F2.0F38.W0 F6 /r    | RVM | BMI2
  MULX r64:w, r64:w, r/m64 | VEX.LZ.F2.0F38.W1 F6 /r    | RVM | BMI2 64
  PDEP r32:w, r32, r/m32   | VEX.LZ.F2.0F38.W0 F5 /r    | RVM | BMI2
  PDEP r64:w, r64, r/m64   | VEX.LZ.F2.0F38.W1 F5 /r    | RVM | BMI2 64
  PEXT r32:w, r32, r/m32   | VEX.LZ.F3.0F38.W0 F5 /r    | RVM | BMI2
  PEXT r64:w, r64, r/m64   | VEX.LZ.F3.0F38.W1 F5 /r    | RVM | BMI2 64
  RORX r32:w, r/m32, imm8  | VEX.LZ.F2.0F3A.W0 F0 /r ib | RMI | BMI2
  RORX r64:w, r/m64, imm8  | VEX.LZ.F2.0F3A.W1 F0 /r ib | RMI | BMI2 64
  SARX r32:w, r/m32, r32   | VEX.LZ.F3.0F38.W0 F7 /r    | RMV | BMI2
  SARX r64:w, r/m64, r64   | VEX.LZ.F3.0F38.W1 F7 /r    | RMV | BMI2 64
  SHLX r32:w, r/m32, r32   | VEX.LZ.66.0F38.W0 F7 /r    | RMV | BMI2
  SHLX r64:w, r/m64, r64   | VEX.LZ.66.0F38.W1 F7 /r    | RMV | BMI2 64
  SHRX r32:w, r/m32, r32   | VEX.LZ.F2.0F38.W0 F7 /r    | RMV | BMI2
  SHRX r64:w, r/m64, r64   | VEX.LZ.F2.0F38.W1 F7 /r    | RMV | BMI2 64
  `,
)
