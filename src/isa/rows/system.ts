import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

/** System instructions (manual volume 3, chapters 2 to 6). */
export const system: RowDraft[] = family(
  'base',
  `
  SLDT rv/m16:w     | ov 0F 00 /0     | M  |
  STR rv/m16:w      | ov 0F 00 /1     | M  |
  LLDT r/m16        | 0F 00 /2        | M  | cpl0
  LTR r/m16         | 0F 00 /3        | M  | cpl0
  VERR r/m16        | 0F 00 /4        | M  | w:z
  VERW r/m16        | 0F 00 /5        | M  | w:z
  SGDT m16&32:w     | 0F 01 /0        | M  | !64
  SGDT m16&64:w     | 0F 01 /0        | M  | 64
  SIDT m16&32:w     | 0F 01 /1        | M  | !64
  SIDT m16&64:w     | 0F 01 /1        | M  | 64
  LGDT m16&32       | 0F 01 /2        | M  | !64 cpl0
  LGDT m16&64       | 0F 01 /2        | M  | 64 cpl0
  LIDT m16&32       | 0F 01 /3        | M  | !64 cpl0
  LIDT m16&64       | 0F 01 /3        | M  | 64 cpl0
  SMSW rv/m16:w     | ov 0F 01 /4     | M  |
  LMSW r/m16        | 0F 01 /6        | M  | cpl0
  INVLPG m:-        | 0F 01 /7        | M  | cpl0
  SWAPGS            | 0F 01 F8        | ZO | 64 cpl0
  ERETS             | F2 0F 01 CA     | ZO | FRED 64 cpl0 branch=iret w:oszapctidnrk
  ERETU             | F3 0F 01 CA     | ZO | FRED 64 cpl0 branch=iret w:oszapctidnrk
  LKGS r/m16        | F2 0F 00 /6     | M  | LKGS 64 cpl0
  MONITOR           | NP 0F 01 C8     | ZO | MONITOR cpl0
  MWAIT             | NP 0F 01 C9     | ZO | MONITOR cpl0
  RDPKRU            | NP 0F 01 EE     | ZO | PKU
  WRPKRU            | NP 0F 01 EF     | ZO | PKU
  XGETBV            | NP 0F 01 D0     | ZO | XSAVE
  XSETBV            | NP 0F 01 D1     | ZO | XSAVE cpl0
  VMCALL            | NP 0F 01 C1     | ZO | VMX branch=undefined
  VMMCALL           | NFx 0F 01 D9     | ZO | SVM branch=undefined
  INVPCID r32, m128 | 66 0F 38 82 /r  | RM | INVPCID !64 cpl0
  INVPCID r64, m128 | 66 0F 38 82 /r  | RM | INVPCID 64 cpl0
  LAR r16:rw, r16/m16 | o16 0F 02 /r  | RM | w:z
  LAR r32:rw, r32/m16 | o32 0F 02 /r  | RM | w:z
  LAR r64:rw, r64/m16 | o64 0F 02 /r  | RM | w:z
  LSL r16:rw, r16/m16 | o16 0F 03 /r  | RM | w:z
  LSL r32:rw, r32/m16 | o32 0F 03 /r  | RM | w:z
  LSL r64:rw, r64/m16 | o64 0F 03 /r  | RM | w:z
  ARPL r/m16:rw, r16 | 63 /r          | MR | !64 w:z
  SYSCALL           | 0F 05           | ZO | 64 branch=syscall r:oszapctidnrk w:oszapctidnrk
  SYSRET            | 0F 07       | ZO | 64 cpl0 branch=sysret w:oszapctidnrk
  SYSRETQ           | REX.W 0F 07       | ZO | 64 cpl0 branch=sysret w:oszapctidnrk
  SYSENTER          | 0F 34           | ZO | branch=syscall
  SYSEXIT           | 0F 35       | ZO | cpl0 branch=sysret
  SYSEXITQ          | REX.W 0F 35       | ZO | cpl0 branch=sysret
  CLTS              | 0F 06           | ZO | cpl0
  INVD              | 0F 08           | ZO | cpl0
  WBINVD            | 0F 09       | ZO | cpl0
  WBNOINVD          | F3 0F 09        | ZO | WBNOINVD cpl0
  HLT               | F4              | ZO | cpl0 branch=halt
  RSM               | 0F AA           | ZO | cpl0 w:oszapctidnrk
  MOV r32:w, CR     | 0F 20 /r mod=*  | MR | !64 cpl0 u:oszapc
  MOV r64:w, CR     | 0F 20 /r mod=*  | MR | 64 cpl0 u:oszapc
  MOV r32:w, DR     | 0F 21 /r mod=*  | MR | !64 cpl0 u:oszapc
  MOV r64:w, DR     | 0F 21 /r mod=*  | MR | 64 cpl0 u:oszapc
  MOV CR:w, r32     | 0F 22 /r mod=*  | RM | !64 cpl0 u:oszapc
  MOV CR:w, r64     | 0F 22 /r mod=*  | RM | 64 cpl0 u:oszapc
  MOV DR:w, r32     | 0F 23 /r mod=*  | RM | !64 cpl0 u:oszapc
  MOV DR:w, r64     | 0F 23 /r mod=*  | RM | 64 cpl0 u:oszapc
  WRMSR             | 0F 30           | ZO | cpl0
  RDMSR             | 0F 32           | ZO | cpl0
  RDFSBASE r32:w    | F3 0F AE /0     | M  | FSGSBASE 64
  RDFSBASE r64:w    | F3 REX.W 0F AE /0 | M | FSGSBASE 64
  RDGSBASE r32:w    | F3 0F AE /1     | M  | FSGSBASE 64
  RDGSBASE r64:w    | F3 REX.W 0F AE /1 | M | FSGSBASE 64
  WRFSBASE r32      | F3 0F AE /2     | M  | FSGSBASE 64
  WRFSBASE r64      | F3 REX.W 0F AE /2 | M | FSGSBASE 64
  WRGSBASE r32      | F3 0F AE /3     | M  | FSGSBASE 64
  WRGSBASE r64      | F3 REX.W 0F AE /3 | M | FSGSBASE 64
  FXSAVE m512byte:w    | NP 0F AE /0       | M | FXSR
  FXSAVE64 m512byte:w  | NP REX.W 0F AE /0 | M | FXSR
  FXRSTOR m512byte     | NP 0F AE /1       | M | FXSR
  FXRSTOR64 m512byte   | NP REX.W 0F AE /1 | M | FXSR
  LDMXCSR m32       | NP 0F AE /2     | M  | SSE
  STMXCSR m32:w     | NP 0F AE /3     | M  | SSE
  XSAVE mxsave:rw      | NP 0F AE /4       | M | XSAVE
  XSAVE64 mxsave:rw    | NP REX.W 0F AE /4 | M | XSAVE
  XRSTOR mxsave        | NP 0F AE /5       | M | XSAVE
  XRSTOR64 mxsave      | NP REX.W 0F AE /5 | M | XSAVE
  XSAVEOPT mxsave:rw   | NP 0F AE /6       | M | XSAVEOPT
  XSAVEOPT64 mxsave:rw | NP REX.W 0F AE /6 | M | XSAVEOPT
  XSAVEC mxsave:w      | NP 0F C7 /4       | M | XSAVEC
  XSAVEC64 mxsave:w    | NP REX.W 0F C7 /4 | M | XSAVEC
  XRSTORS mxsave       | NP 0F C7 /3       | M | XSAVES cpl0
  XRSTORS64 mxsave     | NP REX.W 0F C7 /3 | M | XSAVES cpl0
  XSAVES mxsave:w      | NP 0F C7 /5       | M | XSAVES cpl0
  XSAVES64 mxsave:w    | NP REX.W 0F C7 /5 | M | XSAVES cpl0
  `,
)
