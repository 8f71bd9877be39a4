/** The application in the kernel's ring: it is simply called. */
import { rsp, symbol } from '../../isa/index.ts'
import { constantFunction, type Piece, routine } from './piece.ts'

/** Initialisers, then `main`, whose result is the exit status. `prefix` tells which object holds them. */
export function sameRing(prefix: 'application' | 'kernel'): readonly Piece[] {
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

/** Where the application lives in ring 3, nobody calls it; where it lives here, nobody leaves for ring 3. */
function absent(name: string): Piece {
  return routine(name, (asm) => void asm.emit('ud2'))
}

export const withoutSameRing: readonly Piece[] = [
  absent('entry.applicationMain'),
  absent('entry.applicationThread'),
]
export const withoutUser: readonly Piece[] = [
  absent('entry.enterUser'),
  constantFunction('entry.applicationMainAddress', 0),
  constantFunction('entry.applicationThreadAddress', 0),
]
