/**
 * What the interrupt entry leaves on the stack: the registers it pushed, the vector, then what the processor pushed
 * (SDM Vol. 3A §6.14.2). `src/toolchain/entry/interrupt.ts` writes it.
 */
@unmanaged
export class TrapFrame {
  r15: u64
  r14: u64
  r13: u64
  r12: u64
  r11: u64
  r10: u64
  r9: u64
  r8: u64
  rdi: u64
  rsi: u64
  rbp: u64
  rbx: u64
  rdx: u64
  rcx: u64
  rax: u64
  vector: u64
  error: u64
  rip: u64
  cs: u64
  rflags: u64
  rsp: u64
  ss: u64
}

/** Whether the interrupted code ran in ring 3. */
export function isFromUser(frame: TrapFrame): bool {
  return (frame.cs & 3) == 3
}
