/** The smallest application: one line on the console, and the machine ends with status 0. */
import { console } from 'onering'

export function main(): i32 {
  console.log('Hello from onering!')
  return 0
}
