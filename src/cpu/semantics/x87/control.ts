/** Control of the x87 unit: words, environment, WAIT. SDM Vol. 2A. Those whose names begin with FN do not look at pending exceptions. */
import * as L from '../../layout.ts'
import type { HelperName } from '../../helpers.ts'
import { and, eq, i32, load, wrap, type I32 } from '../../wasm/index.ts'
import { NM, type Access, type Context } from '../context.ts'
import { plain, type Definition } from '../definition.ts'
import { checkPending } from '../mmx/operand.ts'

/** CR0.MP and CR0.TS. */
const MP_TS = 0xa

const word = (c: Context, offset: number): I32 => c.let(load('i32.load16_u', c.cpu, offset))

/** Memory in the environment's format, by operand size: seven words or doublewords, and with the registers 80 bytes more. */
const area = (name: HelperName, waits: boolean, access: Access, registerBytes: number): Definition =>
  plain((c) => {
    if (waits) checkPending(c)
    const environment = c.shape.operandBits === 16 ? 14 : 28
    c.system(name, c.address(0, access, environment + registerBytes), i32(c.shape.operandBits / 8))
  })

export const x87Control: Readonly<Record<string, Definition>> = {
  fninit: plain((c) => c.system('fninit')),
  fnclex: plain((c) => c.system('fnclex')),
  fldcw: plain((c) => {
    checkPending(c)
    c.system('fldcw', c.read(0, 16))
  }),
  fnstcw: plain((c) => c.write(0, word(c, L.FCW), 16)),
  fnstsw: plain((c) => {
    if (c.operands.length > 0 && c.operand(0).kind === 'memory') c.write(0, word(c, L.FSW), 16)
    else c.setGpr(0, 16, word(c, L.FSW))
  }),
  fldenv: area('fldenv', true, 'read', 0),
  fnstenv: area('fnstenv', false, 'write', 0),
  frstor: area('frstor', true, 'read', 80),
  fnsave: area('fnsave', false, 'write', 80),
  wait: plain((c) => {
    c.f.if(eq(and(wrap(c.stateI64(L.CR0)), i32(MP_TS)), i32(MP_TS)), () => c.raise(NM))
    checkPending(c)
  }),
}
