/**
 * Page faults on the application's stack: a deep call that reaches so many fresh pages, and the same call once more, which meets none. How deep that is
 * a first thread finds out; every stack is alike.
 */
import { join, memoryStatistics, spawn } from 'onering'
import * as Cases from './cases'
import { begin, end } from './marks'

const PAGE: u32 = 4096
const STEP: u32 = 8

function descend(left: u32): u32 {
  return left == 0 ? 0 : descend(left - 1) + 1
}

/** Deepest call that stays on the first pages, and the first that reaches `wanted` more. */
let shallow: u32 = 0
let deep: u32 = 0
let wanted: u32 = 0

function calibrate(_argument: u32): void {
  const free = memoryStatistics().free
  shallow = 0
  for (let depth = STEP; ; depth += STEP) {
    descend(depth)
    const pages = (free - memoryStatistics().free) / PAGE
    if (pages == 0) shallow = depth
    if (pages < wanted) continue
    deep = depth
    return
  }
}

function measure(id: u32): void {
  descend(shallow)
  begin(id)
  descend(deep)
  end(id)
  begin(id + 1)
  descend(deep)
  end(id + 1)
}

function fault(id: u32, pages: u32): void {
  wanted = pages
  join(spawn(calibrate, 0))
  join(spawn(measure, id))
}

export function stackFaults(): void {
  fault(Cases.STACK_1, 1)
  fault(Cases.STACK_10, 10)
  fault(Cases.STACK_100, 100)
}
