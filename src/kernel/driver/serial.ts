/** The first 16550 UART, polled: the console. 115200 baud, 8 data bits, no parity, 1 stop bit. */
import { in8, out8, pause } from '../lib/cpu'

const COM1: u32 = 0x3f8
const DATA: u32 = COM1
const INTERRUPT_ENABLE: u32 = COM1 + 1
const FIFO_CONTROL: u32 = COM1 + 2
const LINE_CONTROL: u32 = COM1 + 3
const MODEM_CONTROL: u32 = COM1 + 4
const LINE_STATUS: u32 = COM1 + 5

const DIVISOR_LATCH: u32 = 0x80
const EIGHT_BITS: u32 = 0x03
const TRANSMITTER_EMPTY: u32 = 0x20

/** Empty places known to be left in the transmit FIFO, so that the status is read once for 16 bytes. */
let room: u32 = 0
let isReady: bool = false

export function initSerial(): void {
  out8(INTERRUPT_ENABLE, 0)
  out8(LINE_CONTROL, DIVISOR_LATCH)
  out8(DATA, 1)
  out8(INTERRUPT_ENABLE, 0)
  out8(LINE_CONTROL, EIGHT_BITS)
  out8(FIFO_CONTROL, 0x07)
  out8(MODEM_CONTROL, 0x03)
  isReady = true
}

/** Sends one byte, waiting for room. */
export function writeByte(byte: u32): void {
  if (!isReady) initSerial()
  while (room == 0) {
    if (in8(LINE_STATUS) & TRANSMITTER_EMPTY) room = 16
    else pause()
  }
  out8(DATA, byte)
  room--
}
