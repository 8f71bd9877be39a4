/** The entry code of one image, by link mode. */
import type { ObjectFile } from '../object.ts'
import { atomic } from './atomic.ts'
import { boot } from './boot.ts'
import { image } from './image.ts'
import { interrupt } from './interrupt.ts'
import { assemble } from './piece.ts'
import { sameRing, withoutSameRing, withoutUser } from './same-ring.ts'
import { segments } from './segments.ts'
import { type NumberedCall, syscall, syscallStubs } from './syscall.ts'
import { thread } from './thread.ts'
import { user, userSide } from './user.ts'

/** How the application reaches the kernel. The further modes of the design add rows to `entryCode`. */
export const linkModes = ['direct', 'lto', 'trap'] as const
export type LinkMode = (typeof linkModes)[number]

export interface EntryCode {
  /** Linked into the kernel's part of the image. */
  readonly kernel: ObjectFile
  /** Linked into the application's part; absent when both are one. */
  readonly application?: ObjectFile
}

const common = [...boot, ...segments, ...interrupt, ...thread]

/** The entry code for `mode`, with stubs or a dispatch table for `calls`. */
export function entryCode(mode: LinkMode, calls: readonly NumberedCall[]): EntryCode {
  if (mode === 'trap')
    return {
      kernel: assemble('entry', [...common, ...image(true), ...syscall(calls), ...user, ...withoutSameRing]),
      application: assemble('user entry', [...userSide, ...syscallStubs(calls), ...atomic]),
    }
  const prefix = mode === 'lto' ? 'kernel' : 'application'
  const kernel = [...common, ...image(false), ...syscall([]), ...withoutUser, ...sameRing(prefix)]
  if (mode === 'lto') return { kernel: assemble('entry', [...kernel, ...atomic]) }
  return { kernel: assemble('entry', kernel), application: assemble('application entry', atomic) }
}
