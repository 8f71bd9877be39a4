/** The entry code of one image, by link mode. */
import type { ObjectFile } from '../object.ts'
import { atomic } from './atomic.ts'
import { base } from './base.ts'
import { boot } from './boot.ts'
import { bypass } from './bypass.ts'
import { gate } from './call-gate.ts'
import type { Crossing } from './crossing.ts'
import type { NumberedCall } from './dispatch.ts'
import { enterByEretu, fred } from './fred.ts'
import { image } from './image.ts'
import { int80 } from './int80.ts'
import { interrupt } from './interrupt.ts'
import { trampoline } from './isolation.ts'
import type { LinkMode, Way } from './link-mode.ts'
import { assemble, constantFunction, type Piece } from './piece.ts'
import { byAddress, processorBlock, throughGs } from './processor-block.ts'
import { sameStack } from './same-stack.ts'
import { sameStackMain, withoutOwnStack, withoutSameStack } from './same-ring.ts'
import { segments } from './segments.ts'
import { syscall } from './syscall.ts'
import { sysenter } from './sysenter.ts'
import { thread } from './thread.ts'
import type { Transition } from './transition.ts'
import { applicationAddresses, ownStack, sameStackSide, user, userSide } from './user.ts'

export interface EntryCode {
  /** Linked into the kernel's part of the image. */
  readonly kernel: ObjectFile
  /** Linked into the application's part; absent when both are one. */
  readonly application?: ObjectFile
}

/** `direct` needs no code between the two: the linker binds the calls; in `lto` the compiler has. */
const nothing: Transition = { kernel: () => [], application: () => [] }

const transitions: Readonly<Record<Way, Transition>> = {
  lto: nothing,
  direct: nothing,
  'same-stack': sameStack,
  bypass,
  base,
  trap: syscall,
  'trap:int80': int80,
  'trap:sysenter': sysenter,
  'trap:gate': gate,
  'trap:fred': fred,
}

/** How the application gets the processor. */
function applicationStart(mode: LinkMode, crossing: Crossing): readonly Piece[] {
  if (mode.way === 'trap:fred') return [enterByEretu(crossing), ...applicationAddresses, ...withoutSameStack]
  if (mode.ring === 3) return [...user(crossing), ...withoutSameStack]
  if (mode.hasOwnStack) return [...ownStack, ...withoutSameStack]
  return [...withoutOwnStack, ...sameStackMain(mode.way === 'lto' ? 'kernel' : 'application')]
}

/** The entry code for `mode`, with stubs or a dispatch table for `calls`. */
export function entryCode(mode: LinkMode, calls: readonly NumberedCall[]): EntryCode {
  const transition = transitions[mode.way]
  const isTrap = mode.ring === 3
  const usesGs = isTrap && mode.way !== 'trap:gate'
  const crossing = {
    usesGs,
    block: usesGs ? throughGs : byAddress,
    isIsolated: mode.isolation !== 'none',
    hasMitigations: mode.hasMitigations,
  }
  const border = [
    ...interrupt(mode, crossing),
    ...transition.kernel(calls, crossing),
    ...applicationStart(mode, crossing),
  ]
  const kernel = [
    ...boot,
    ...segments,
    ...thread,
    ...image(mode, transition.savedRbp ?? 0),
    ...processorBlock,
    ...trampoline(border, crossing.isIsolated),
    constantFunction('entry.callEntry', mode.way === 'trap:fred' ? 'fred.entry' : isTrap ? 'call.entry' : 0),
  ]
  if (mode.way === 'lto') return { kernel: assemble('entry', [...kernel, ...sameStackSide, ...atomic]) }
  const start = mode.hasOwnStack ? userSide : sameStackSide
  return {
    kernel: assemble('entry', kernel),
    application: assemble('application entry', [...start, ...transition.application(calls), ...atomic]),
  }
}
