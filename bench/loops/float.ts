/** Loops of floating point over numbers at DATA, which RSI points to; none of them ends. */
import {
  type Assembler,
  mem,
  rcx,
  rsi,
  xmm0,
  xmm1,
  xmm2,
  xmm3,
  xmm4,
  xmm5,
  xmm6,
  xmm7,
} from '../../src/isa/index.ts'

export const DATA = 0x20_0000

const at = (disp: number): ReturnType<typeof mem> => mem({ base: rsi, disp })

export const floatLoops: Readonly<Record<string, (asm: Assembler) => void>> = {
  /** z ← z² + c on doubles, with the test of |z|². */
  mandelbrot(asm) {
    const [start, again] = [asm.label('start'), asm.label('again')]
    asm.emit('movsd', xmm4, at(8)).emit('movsd', xmm5, at(16)).emit('movsd', xmm7, at(24))
    asm.bind(start).emit('mov', rcx, 1000)
    asm.emit('movsd', xmm0, at(8)).emit('movsd', xmm1, at(16))
    asm.bind(again)
    asm.emit('movapd', xmm2, xmm0).emit('mulsd', xmm2, xmm0)
    asm.emit('movapd', xmm3, xmm1).emit('mulsd', xmm3, xmm1)
    asm.emit('mulsd', xmm1, xmm0).emit('addsd', xmm1, xmm1).emit('addsd', xmm1, xmm5)
    asm.emit('movapd', xmm6, xmm2).emit('addsd', xmm6, xmm3).emit('subsd', xmm2, xmm3)
    asm.emit('addsd', xmm2, xmm4).emit('movapd', xmm0, xmm2)
    asm.emit('mulsd', xmm0, xmm7).emit('mulsd', xmm1, xmm7).emit('ucomisd', xmm6, xmm7)
    asm.emit('dec', rcx).emit('jne', again).emit('jmp', start)
  },
  /** Distances and forces between bodies, packed doubles, with a square root and a division. */
  'n-body'(asm) {
    const again = asm.label('again')
    asm.bind(again)
    asm
      .emit('movapd', xmm0, at(0))
      .emit('subpd', xmm0, at(64))
      .emit('movapd', xmm1, at(16))
      .emit('subpd', xmm1, at(80))
    asm
      .emit('movapd', xmm2, xmm0)
      .emit('mulpd', xmm2, xmm2)
      .emit('movapd', xmm3, xmm1)
      .emit('mulpd', xmm3, xmm3)
    asm
      .emit('addpd', xmm2, xmm3)
      .emit('sqrtpd', xmm3, xmm2)
      .emit('mulpd', xmm3, xmm2)
      .emit('movapd', xmm4, at(32))
    asm.emit('divpd', xmm4, xmm3).emit('mulpd', xmm0, xmm4).emit('mulpd', xmm1, xmm4)
    asm
      .emit('addpd', xmm0, at(128))
      .emit('movapd', at(144), xmm0)
      .emit('addpd', xmm1, at(160))
      .emit('movapd', at(176), xmm1)
    asm.emit('jmp', again)
  },
  /** Four singles at a time. */
  singles(asm) {
    const again = asm.label('again')
    asm.emit('cvtpd2ps', xmm0, at(0)).emit('cvtpd2ps', xmm1, at(16)).emit('cvtpd2ps', xmm2, at(32))
    asm.emit('movlhps', xmm0, xmm0).emit('movlhps', xmm1, xmm1).emit('movlhps', xmm2, xmm2)
    asm.bind(again)
    asm
      .emit('movaps', xmm3, xmm0)
      .emit('mulps', xmm3, xmm1)
      .emit('addps', xmm3, xmm2)
      .emit('movaps', xmm4, xmm3)
    asm.emit('mulps', xmm4, xmm1).emit('subps', xmm4, xmm2).emit('jmp', again)
  },
}
