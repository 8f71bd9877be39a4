/** The date in the MC146818's CMOS memory, read when no update is under way. */
import { in8, out8, pause } from '../lib/cpu'

const INDEX: u32 = 0x70
const DATA: u32 = 0x71
const UPDATE_IN_PROGRESS: u32 = 0x80
const BINARY: u32 = 0x04
const HOURS_24: u32 = 0x02

function readRegister(register: u32): u32 {
  out8(INDEX, register)
  return in8(DATA)
}

function decimal(value: u32, status: u32): u64 {
  return status & BINARY ? value : (value >> 4) * 10 + (value & 15)
}

/** Days from 1 January 1970 to the given date of the Gregorian calendar (March-based years). */
function daysSince1970(year: u64, month: u64, day: u64): u64 {
  const shifted = month <= 2 ? year - 1 : year
  const monthFromMarch = (month + 9) % 12
  const dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
  return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
}

/** Seconds since 1970, UTC; 0 when there is no such clock. */
export function readDateSeconds(): u64 {
  let patience: u32 = 100_000
  while (readRegister(10) & UPDATE_IN_PROGRESS) {
    if (--patience == 0) return 0
    pause()
  }
  const status = readRegister(11)
  const second = decimal(readRegister(0), status)
  const minute = decimal(readRegister(2), status)
  const hourRegister = readRegister(4)
  let hour = decimal(hourRegister & 0x7f, status)
  if (!(status & HOURS_24)) hour = (hour % 12) + (hourRegister & 0x80 ? 12 : 0)
  const day = decimal(readRegister(7), status)
  const month = decimal(readRegister(8), status)
  const year = 2000 + decimal(readRegister(9), status)
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59) return 0
  return ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
}
