/** The control queue (virtio 1.2, 5.1.6.5): commands of one class byte, one command byte and data; answered by one byte. */
import type { ReceiveFilter } from './filter.ts'

const OK = 0
const ERROR = 1

const CLASS_RX = 0
const CLASS_MAC = 1
const CLASS_MQ = 4
const MAC_TABLE_SET = 0
const MAC_ADDR_SET = 1
const MQ_PAIRS_SET = 0

/** Longer commands than the longest table of addresses are refused. */
export const MAX_COMMAND_BYTES = 4096

/** What a command may change. */
export interface ControlTarget {
  readonly filter: ReceiveFilter
  /** Which classes were negotiated. */
  readonly allowsRx: boolean
  readonly allowsMac: boolean
  readonly allowsPairs: boolean
  /** False when there are not that many. */
  setPairs(pairs: number): boolean
}

/** Carries a command out and returns the answer byte. */
export function runCommand(command: Uint8Array, target: ControlTarget): number {
  if (command.length < 3) return ERROR
  const [commandClass, number] = command
  const data = command.subarray(2)
  return execute(commandClass!, number!, data, target) ? OK : ERROR
}

function execute(commandClass: number, number: number, data: Uint8Array, target: ControlTarget): boolean {
  const { filter } = target
  switch (commandClass) {
    case CLASS_RX:
      return target.allowsRx && data.length === 1 && filter.setMode(number, data[0] !== 0)
    case CLASS_MAC:
      if (number === MAC_TABLE_SET) return target.allowsRx && filter.setTables(data)
      if (number !== MAC_ADDR_SET || !target.allowsMac || data.length !== 6 || data[0]! & 1) return false
      filter.setMac(data)
      return true
    case CLASS_MQ:
      if (number !== MQ_PAIRS_SET || !target.allowsPairs || data.length !== 2) return false
      return target.setPairs(data[0]! | (data[1]! << 8))
    default:
      return false
  }
}
