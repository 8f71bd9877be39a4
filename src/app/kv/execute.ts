/** From a complete request to its reply. */
import { arityError, GROWS } from './commands/command'
import { commands, findCommand } from './commands/lookup'
import { isMemoryShort } from './memory'
import { Reply } from './reply'
import { Request } from './request'
import { Slice, toText } from './slice'

/** Of what a client has sent, an error repeats so many bytes. */
const MOST_REPEATED: u32 = 128

const part: Slice = changetype<Slice>(memory.data(8, 4))

function beginning(slice: Slice, most: u32): string {
  part.start = slice.start
  part.length = min(slice.length, most)
  return toText(part)
}

function unknownCommand(request: Request, reply: Reply): void {
  let repeated = ''
  for (let i: u32 = 1; i < request.count && <u32>repeated.length < MOST_REPEATED; i++)
    repeated += `'${beginning(request.at(i), MOST_REPEATED - <u32>repeated.length)}' `
  reply.error(
    `ERR unknown command '${beginning(request.at(0), MOST_REPEATED)}', with args beginning with: ${repeated}`,
  )
}

/** A request without words has no reply. */
export function execute(request: Request, reply: Reply): void {
  if (request.count == 0) return
  const index = findCommand(request.at(0))
  if (index < 0) return unknownCommand(request, reply)
  const command = commands[index]
  const arity = command.arity
  if (arity > 0 ? <i32>request.count != arity : <i32>request.count < -arity) arityError(reply, command.name)
  else if (command.flags & GROWS && isMemoryShort())
    reply.error(`OOM command not allowed when used memory > 'maxmemory'.`)
  else command.run(request, reply)
}
