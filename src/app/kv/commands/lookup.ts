/** Commands by name. */
import { lower, Slice } from '../slice'
import { find, insert, newTable, Table } from '../table'
import { Command } from './command'

/** All of them; `enterCommands` sets it. */
export let commands: StaticArray<Command> = new StaticArray<Command>(0)

/** Name → place in `commands`. */
const byName: Table = newTable()
const LONGEST_NAME: u32 = 16
const word: usize = memory.data(LONGEST_NAME)
const key: Slice = changetype<Slice>(memory.data(8, 4))

export function enterCommands(all: StaticArray<Command>): void {
  commands = all
  for (let i = 0; i < commands.length; i++) {
    const name = String.UTF8.encode(commands[i].name)
    key.start = changetype<usize>(name)
    key.length = <u32>name.byteLength
    insert(byName, key).value = i
  }
}

/** Place of the command in `commands`, or -1. */
export function findCommand(name: Slice): i32 {
  if (name.length > LONGEST_NAME) return -1
  for (let i: u32 = 0; i < name.length; i++) store<u8>(word + i, <u8>lower(load<u8>(name.start + i)))
  key.start = word
  key.length = name.length
  const node = find(byName, key)
  return node === null ? -1 : <i32>node.value
}
