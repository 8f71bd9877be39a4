/** Ten calls between two marks, and nothing between two more. */
import { getppid, mark } from 'onering'

export function main(): i32 {
  mark(1)
  mark(2)
  for (let i = 0; i < 10; i++) getppid()
  mark(3)
  return 0
}
