/** What AVX and AVX2 add to the VEX forms of SSE, which have their meaning from `sse/`. */
import type { Definition, Definitions } from '../definition.ts'
import { blend } from '../sse/insert.ts'
import { testBits } from '../sse/integer.ts'
import { lanes, ZERO } from '../sse/lanes.ts'
import { avxBroadcast } from './broadcast.ts'
import { avxGather } from './gather.ts'
import { avxMasked } from './masked.ts'
import { avxPermute } from './permute.ts'
import { avxShift } from './shift.ts'

const SIGN = 0x8000_0000

/** VZEROUPPER and VZEROALL; outside 64-bit code there are eight registers. */
function clear(from: 0 | 1): Definition {
  const emit: Definition['emit'] = (c) => {
    for (let n = 0; n < (c.shape.long ? 16 : 8); n++) {
      if (from === 0) c.setVector(n, ZERO, 0)
      c.setVector(n, ZERO, 1)
    }
  }
  return { emit, modal: true }
}

const others: Definitions = {
  mnemonics: {
    vzeroupper: clear(1),
    vzeroall: clear(0),
    vpblendd: blend('i32x4'),
    vtestps: testBits(lanes(SIGN, SIGN, SIGN, SIGN)),
    vtestpd: testBits(lanes(1n << 63n, 1n << 63n)),
  },
}

export const avx: readonly Definitions[] = [avxBroadcast, avxPermute, avxMasked, avxGather, avxShift, others]
