/** The application on the kernel's stack: it is simply called. */
import { rsp, symbol } from '../../isa/index.ts'
import { constantFunction, type Piece, routine } from './piece.ts'

/** Initialisers, then `main`, whose result is the exit status. `prefix` tells which object holds them. */
export function sameStackMain(prefix: 'application' | 'kernel'): readonly Piece[] {
  const main = routine('entry.applicationMain', (asm) => {
    asm.emit('sub', rsp, 8)
    asm.emit('call', symbol(`${prefix}._start`))
    asm.emit('add', rsp, 8)
    asm.emit('jmp', symbol(`${prefix}.main`))
  })
  const thread = routine('entry.applicationThread', (asm) => {
    asm.emit('jmp', symbol(`${prefix}.thread`))
  })
  return [main, thread]
}

/** Where the application has stacks of its own, nobody calls it; where it has not, nobody leaves for them. */
function absent(name: string): Piece {
  return routine(name, (asm) => void asm.emit('ud2'))
}

export const withoutSameStack: readonly Piece[] = [
  absent('entry.applicationMain'),
  absent('entry.applicationThread'),
]
export const withoutOwnStack: readonly Piece[] = [
  absent('entry.enterApplication'),
  constantFunction('entry.applicationMainAddress', 0),
  constantFunction('entry.applicationThreadAddress', 0),
]
