/** HLT. SDM Vol. 2A. */
import { HALTED } from '../../layout'
import { raiseGp } from '../raise'
import { getCpl, getNextRip, setRip } from '../state'
import { BOARD } from '../status'

export function hlt(cpu: usize): i32 {
  if (getCpl(cpu)) return raiseGp(cpu, 0)
  store<u32>(cpu, 1, HALTED)
  setRip(cpu, getNextRip(cpu))
  return BOARD
}
