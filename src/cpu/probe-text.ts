/** The events of `probe.ts` in words, as the manual writes its micro-steps. */
import * as P from './probe.ts'

export const transitionNames: Readonly<Record<number, string>> = {
  [P.TRANSITION_SYSCALL]: 'SYSCALL',
  [P.TRANSITION_SYSRET]: 'SYSRET',
  [P.TRANSITION_SYSENTER]: 'SYSENTER',
  [P.TRANSITION_SYSEXIT]: 'SYSEXIT',
  [P.TRANSITION_EVENT]: 'event delivery',
  [P.TRANSITION_IRET]: 'IRET',
  [P.TRANSITION_FAR_JUMP]: 'far JMP',
  [P.TRANSITION_FAR_CALL]: 'far CALL',
  [P.TRANSITION_FAR_RETURN]: 'far RET',
}

export const stepTexts: Readonly<Record<number, string>> = {
  [P.STEP_READ_GATE]: 'gate ← IDT[vector]',
  [P.STEP_READ_CODE_DESCRIPTOR]: 'code descriptor ← GDT/LDT[CS]',
  [P.STEP_READ_STACK_DESCRIPTOR]: 'stack descriptor ← GDT/LDT[SS]',
  [P.STEP_STACK_FROM_IST]: 'RSP ← TSS.IST[gate.IST]',
  [P.STEP_STACK_FROM_TSS]: 'RSP ← TSS.RSP[new CPL]',
  [P.STEP_ALIGN_STACK]: 'RSP ← RSP AND −16',
  [P.STEP_PUSH_SS]: 'push SS',
  [P.STEP_PUSH_RSP]: 'push RSP',
  [P.STEP_PUSH_RFLAGS]: 'push RFLAGS',
  [P.STEP_PUSH_CS]: 'push CS',
  [P.STEP_PUSH_RIP]: 'push RIP',
  [P.STEP_PUSH_ERROR]: 'push error code',
  [P.STEP_PUSH_PARAMETER]: 'push parameter of the caller',
  [P.STEP_POP_RIP]: 'RIP ← pop',
  [P.STEP_POP_CS]: 'CS ← pop',
  [P.STEP_POP_RFLAGS]: 'RFLAGS ← pop',
  [P.STEP_POP_RSP]: 'RSP ← pop',
  [P.STEP_POP_SS]: 'SS ← pop',
  [P.STEP_RCX_FROM_RIP]: 'RCX ← RIP',
  [P.STEP_R11_FROM_RFLAGS]: 'R11 ← RFLAGS',
  [P.STEP_RIP]: 'RIP ←',
  [P.STEP_RSP]: 'RSP ←',
  [P.STEP_CS]: 'CS ←',
  [P.STEP_SS]: 'SS ←',
  [P.STEP_CPL]: 'CPL ←',
  [P.STEP_RFLAGS]: 'RFLAGS ←',
  [P.STEP_NULL_SEGMENT]: 'segment ← null',
}
