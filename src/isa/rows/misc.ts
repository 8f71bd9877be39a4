import { family } from '../parse-rows.ts'
import type { RowDraft } from '../parse-rows.ts'

const control = family(
  'base',
  `
  NOP               | 90              | ZO |
  PAUSE             | F3 90           | ZO |
  NOP r/mv:-        | ov 0F 1F /0     | M  |
  ENDBR64           | F3 0F 1E FA     | ZO |
  ENDBR32           | F3 0F 1E FB     | ZO |
  UD0 rv, r/mv      | ov 0F FF /r     | RM | branch=undefined
  UD1 rv, r/mv      | ov 0F B9 /r     | RM | branch=undefined
  UD2               | 0F 0B           | ZO | branch=undefined
  CPUID             | 0F A2           | ZO |
  RDTSC             | 0F 31           | ZO |
  RDTSCP            | 0F 01 F9        | ZO | RDTSCP
  RDPMC             | 0F 33           | ZO |
  RDPID r32:w       | F3 0F C7 /7     | M  | RDPID !64
  RDPID r64:w       | F3 0F C7 /7     | M  | RDPID 64
  RDRAND rv:w       | NFx ov 0F C7 /6 | M  | RDRAND w:c 0:oszap
  RDSEED rv:w       | NFx ov 0F C7 /7 | M  | RDSEED w:c 0:oszap
  WAIT              | 9B              | ZO |
  LAHF              | 9F              | ZO | r:szapc
  SAHF              | 9E              | ZO | w:szapc
  SALC              | D6              | ZO | !64 r:c
  CLC               | F8              | ZO | 0:c
  STC               | F9              | ZO | 1:c
  CMC               | F5              | ZO | r:c w:c
  CLD               | FC              | ZO | 0:d
  STD               | FD              | ZO | 1:d
  CLI               | FA              | ZO | iopl w:i
  STI               | FB              | ZO | iopl w:i
  CLAC              | NP 0F 01 CA     | ZO | cpl0 SMAP 0:k
  STAC              | NP 0F 01 CB     | ZO | cpl0 SMAP 1:k
  IN AL:w, imm8     | E4 ib           | I  | iopl
  IN AX:w, imm8     | o16 E5 ib       | I  | iopl
  IN EAX:w, imm8    | o32* E5 ib      | I  | iopl
  IN AL:w, DX       | EC              | ZO | iopl
  IN AX:w, DX       | o16 ED          | ZO | iopl
  IN EAX:w, DX      | o32* ED         | ZO | iopl
  OUT imm8, AL      | E6 ib           | I  | iopl
  OUT imm8, AX      | o16 E7 ib       | I  | iopl
  OUT imm8, EAX     | o32* E7 ib      | I  | iopl
  OUT DX, AL        | EE              | ZO | iopl
  OUT DX, AX        | o16 EF          | ZO | iopl
  OUT DX, EAX       | o32* EF         | ZO | iopl
  LFENCE            | NP 0F AE /5 mod=3 | ZO | SSE2
  MFENCE            | NP 0F AE /6 mod=3 | ZO | SSE2
  SFENCE            | NP 0F AE /7 mod=3 | ZO | SSE
  CLFLUSH m8:-      | NP 0F AE /7     | M  | CLFSH
  CLFLUSHOPT m8:-   | 66 0F AE /7     | M  | CLFLUSHOPT
  CLWB m8:-         | 66 0F AE /6     | M  | CLWB
  PREFETCH m8:-     | 0F 0D /0        | M  |
  PREFETCHW m8:-    | 0F 0D /1        | M  | PREFETCHW
  PREFETCHWT1 m8:-  | 0F 0D /2        | M  | PREFETCHWT1
  PREFETCHNTA m8:-  | 0F 18 /0        | M  |
  PREFETCHT0 m8:-   | 0F 18 /1        | M  |
  PREFETCHT1 m8:-   | 0F 18 /2        | M  |
  PREFETCHT2 m8:-   | 0F 18 /3        | M  |
  `,
)

/** Opcodes that the manual reserves as NOPs with a ModRM byte; MPX and CET live in some of them, as NOPs where they are off. */
const reserved = ['0D', '18', '19', '1A', '1B', '1C', '1D', '1E', '1F'].flatMap((byte) =>
  family('base', `RESERVEDNOP r/mv:-, rv:- | ov 0F ${byte} /r | MR | alias id=0f${byte.toLowerCase()}`),
)

export const misc: RowDraft[] = [...control, ...reserved]
