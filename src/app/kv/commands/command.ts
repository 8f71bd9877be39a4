/** What a command is. */
import { Reply } from '../reply'
import { Request } from '../request'

/** The command stores something: it is refused when memory is short. */
export const GROWS: u32 = 1
/** It changes what is stored. */
export const WRITES: u32 = 2

export class Command {
  constructor(
    /** In small letters. */
    readonly name: string,
    /** Number of words with the name; negative: at least so many. */
    readonly arity: i32,
    readonly flags: u32,
    readonly run: (request: Request, reply: Reply) => void,
    /** Place of the first key, 0 if there is none; of the last, counted from the end if negative; and from one to the next. */
    readonly firstKey: i32 = 1,
    readonly lastKey: i32 = 1,
    readonly step: i32 = 1,
  ) {}
}

export function arityError(reply: Reply, name: string): void {
  reply.error(`ERR wrong number of arguments for '${name}' command`)
}
