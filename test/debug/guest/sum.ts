/** Adds up, line by line, for the debugger's test. */
import { console, random } from 'onering'

let total: u32 = 0

export function main(): i32 {
  const bytes = new Uint8Array(4)
  for (let i = 0; i < 3; i++) {
    random(bytes)
    total += bytes[0]
    console.log('added')
  }
  return 0
}
