/** COMMAND: what there is to be had. */
import { Reply } from '../reply'
import { Request } from '../request'
import { isWord, toText } from '../slice'
import { Command, GROWS, WRITES } from './command'
import { commands, findCommand } from './lookup'

function describe(one: Command, reply: Reply): void {
  reply.array(6)
  reply.string(one.name)
  reply.integer(one.arity)
  reply.array(one.flags & GROWS ? 2 : 1)
  reply.text(one.flags & WRITES ? '+write\r\n' : '+readonly\r\n')
  if (one.flags & GROWS) reply.text('+denyoom\r\n')
  reply.integer(one.firstKey)
  reply.integer(one.lastKey)
  reply.integer(one.step)
}

export function command(request: Request, reply: Reply): void {
  if (request.count > 1) {
    if (isWord(request.at(1), 'count')) return reply.integer(commands.length)
    if (isWord(request.at(1), 'docs')) return reply.array(0)
    if (!isWord(request.at(1), 'info'))
      return reply.error(`ERR unknown subcommand '${toText(request.at(1))}'. Try COMMAND HELP.`)
    reply.array(request.count - 2)
    for (let i: u32 = 2; i < request.count; i++) {
      const found = findCommand(request.at(i))
      if (found < 0) reply.text('*-1\r\n')
      else describe(commands[found], reply)
    }
    return
  }
  reply.array(commands.length)
  for (let i = 0; i < commands.length; i++) describe(commands[i], reply)
}
