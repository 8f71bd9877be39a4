/** INS and OUTS: string transfers between memory and a port. SDM Vol. 2A, 2B. */
import { ES } from '../../layout'
import { watchPort } from '../debug/breakpoints'
import { ioRead, ioWrite } from '../host'
import { ACCESS_WRITE } from '../mmu/access-kind'
import { probeWriteAs, readData, writeData } from '../mmu/memory'
import { explicit } from '../mmu/translate'
import { pending } from '../raise'
import { getGpr, RDI, RDX, RSI } from '../state'
import { EXCEPTION } from '../status'
import { checkPorts } from '../system/io'
import * as S from './step'

/** INS: [RDI] ← port DX. The write is probed first: a value read from a device must not be lost to a page fault. */
export function ins(cpu: usize, size: u32, rep: u32, address: u32): i32 {
  const port = <u32>getGpr(cpu, RDX) & 0xffff
  if (checkPorts(cpu, port, size)) return EXCEPTION
  for (let left = S.batch(cpu, rep, address); left > 0; left--) {
    const to = S.elementAddress(cpu, ES, S.getIndex(cpu, RDI, address), size, true)
    if (pending(cpu)) return EXCEPTION
    if (probeWriteAs(cpu, to, size, explicit(cpu, ACCESS_WRITE))) return EXCEPTION
    writeData(cpu, to, size, ioRead(cpu, port, size))
    watchPort(cpu, port, size)
    S.advance(cpu, RDI, address, S.stride(cpu, size))
    if (rep != S.REP_NONE) S.countDown(cpu, address, 1, size)
    if (S.isTrapped(cpu)) break
  }
  return S.batchStatus(cpu, rep, address)
}

/** OUTS: port DX ← [RSI] */
export function outs(cpu: usize, size: u32, rep: u32, address: u32, seg: u32): i32 {
  const port = <u32>getGpr(cpu, RDX) & 0xffff
  if (checkPorts(cpu, port, size)) return EXCEPTION
  for (let left = S.batch(cpu, rep, address); left > 0; left--) {
    const from = S.elementAddress(cpu, seg, S.getIndex(cpu, RSI, address), size, false)
    if (pending(cpu)) return EXCEPTION
    const value = readData(cpu, from, size)
    if (pending(cpu)) return EXCEPTION
    ioWrite(cpu, port, size, <u32>value)
    watchPort(cpu, port, size)
    S.advance(cpu, RSI, address, S.stride(cpu, size))
    if (rep != S.REP_NONE) S.countDown(cpu, address, 1, size)
    if (S.isTrapped(cpu)) break
  }
  return S.batchStatus(cpu, rep, address)
}
