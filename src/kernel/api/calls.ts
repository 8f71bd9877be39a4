/**
 * Every call of the kernel, once, as data. The application's declarations, the direct bindings, the dispatch table and
 * the checks of user pointers derive from it (`src/toolchain/calls/`). Numbers are part of the interface: never reuse one.
 */

export interface Parameter {
  name: string
  /**
   * `i32`, `u32`, `u64`: a value. `in`, `out`, `inout`: address of a buffer that the kernel reads, writes, or both.
   */
  kind: 'i32' | 'u32' | 'u64' | 'in' | 'out' | 'inout'
  /** Size of a buffer of fixed size, in bytes. */
  bytes?: number
  /** Otherwise the parameter, always the next one, that tells how many elements it has … */
  count?: string
  /** … of how many bytes each. */
  unit?: number
  /** The call's result, if positive, tells how many elements of an `out` buffer were written. */
  isResultLong?: boolean
}

export interface Call {
  number: number
  name: string
  /** Module below `src/kernel/` whose function of the same name does the work. */
  module: string
  parameters: Parameter[]
  result: 'i32' | 'u32' | 'u64' | 'void'
  /** The call copies at most this many elements of a longer buffer; its result tells how many. */
  isPartial?: boolean
}

const fd: Parameter = { name: 'fd', kind: 'i32' }
const length: Parameter = { name: 'length', kind: 'u32' }
const timeoutMs: Parameter = { name: 'timeoutMs', kind: 'i32' }

function value(name: string, kind: 'i32' | 'u32' | 'u64' = 'u32'): Parameter {
  return { name, kind }
}

function input(name: string): Parameter {
  return { name, kind: 'in', count: 'length', unit: 1 }
}

/** A buffer that the call fills as far as its result tells. */
const output: Parameter = { name: 'data', kind: 'out', count: 'length', unit: 1, isResultLong: true }

export const calls: Call[] = [
  { number: 0, name: 'getppid', module: 'api/process', parameters: [], result: 'i32' },
  { number: 1, name: 'exit', module: 'api/process', parameters: [value('status', 'i32')], result: 'void' },
  {
    number: 2,
    name: 'write',
    module: 'api/process',
    parameters: [fd, input('data'), length],
    result: 'i32',
    isPartial: true,
  },
  { number: 3, name: 'clock', module: 'api/process', parameters: [value('kind')], result: 'u64' },
  {
    number: 4,
    name: 'sleep',
    module: 'api/process',
    parameters: [value('nanoseconds', 'u64')],
    result: 'void',
  },
  { number: 5, name: 'yieldNow', module: 'api/process', parameters: [], result: 'void' },
  {
    number: 6,
    name: 'spawn',
    module: 'api/process',
    parameters: [value('entry'), value('argument')],
    result: 'i32',
  },
  { number: 7, name: 'join', module: 'api/process', parameters: [value('id')], result: 'i32' },
  {
    number: 8,
    name: 'endThread',
    module: 'api/process',
    parameters: [value('status', 'i32')],
    result: 'void',
  },
  { number: 9, name: 'threadId', module: 'api/process', parameters: [], result: 'u32' },
  { number: 10, name: 'growHeap', module: 'api/process', parameters: [value('bytes')], result: 'u32' },
  {
    number: 11,
    name: 'memoryStatistics',
    module: 'api/process',
    parameters: [{ name: 'out', kind: 'out', bytes: 32 }],
    result: 'void',
  },
  {
    number: 12,
    name: 'random',
    module: 'api/process',
    parameters: [{ name: 'data', kind: 'out', count: 'length', unit: 1 }, length],
    result: 'i32',
  },
  {
    number: 13,
    name: 'fail',
    module: 'api/process',
    parameters: [input('message'), length],
    result: 'void',
    isPartial: true,
  },
  { number: 14, name: 'pauseThreads', module: 'task/roots', parameters: [value('isPaused')], result: 'void' },
  {
    number: 15,
    name: 'stackWords',
    module: 'task/roots',
    parameters: [
      { name: 'words', kind: 'out', count: 'most', unit: 4, isResultLong: true },
      value('most'),
      value('skip'),
    ],
    result: 'i32',
    isPartial: true,
  },
  { number: 16, name: 'stackTop', module: 'task/roots', parameters: [], result: 'u32' },
  { number: 17, name: 'mark', module: 'api/process', parameters: [value('id')], result: 'void' },
  { number: 18, name: 'mapMemory', module: 'mm/mappings', parameters: [value('bytes')], result: 'u32' },
  { number: 19, name: 'unmapMemory', module: 'mm/mappings', parameters: [value('address')], result: 'i32' },
  { number: 20, name: 'socket', module: 'socket/stream', parameters: [value('kind')], result: 'i32' },
  {
    number: 21,
    name: 'bind',
    module: 'socket/stream',
    parameters: [fd, value('address'), value('port')],
    result: 'i32',
  },
  { number: 22, name: 'listen', module: 'socket/stream', parameters: [fd, value('backlog')], result: 'i32' },
  { number: 23, name: 'accept', module: 'socket/stream', parameters: [fd], result: 'i32' },
  {
    number: 24,
    name: 'connect',
    module: 'socket/stream',
    parameters: [fd, value('address'), value('port')],
    result: 'i32',
  },
  {
    number: 25,
    name: 'send',
    module: 'socket/stream',
    parameters: [fd, input('data'), length],
    result: 'i32',
    isPartial: true,
  },
  {
    number: 26,
    name: 'recv',
    module: 'socket/stream',
    parameters: [fd, output, length, value('flags')],
    result: 'i32',
    isPartial: true,
  },
  {
    number: 27,
    name: 'sendTo',
    module: 'socket/datagram',
    parameters: [fd, input('data'), length, value('address'), value('port')],
    result: 'i32',
  },
  {
    number: 28,
    name: 'recvFrom',
    module: 'socket/datagram',
    parameters: [fd, output, length, { name: 'from', kind: 'out', bytes: 8 }],
    result: 'i32',
    isPartial: true,
  },
  { number: 29, name: 'shutdown', module: 'socket/stream', parameters: [fd, value('how')], result: 'i32' },
  { number: 30, name: 'close', module: 'socket/descriptors', parameters: [fd], result: 'i32' },
  {
    number: 31,
    name: 'socketOption',
    module: 'socket/stream',
    parameters: [fd, value('option'), value('value')],
    result: 'i32',
  },
  {
    number: 32,
    name: 'socketName',
    module: 'socket/stream',
    parameters: [fd, value('isPeer'), { name: 'out', kind: 'out', bytes: 8 }],
    result: 'i32',
  },
  {
    number: 33,
    name: 'setBlocking',
    module: 'socket/stream',
    parameters: [fd, value('isBlocking')],
    result: 'i32',
  },
  {
    number: 34,
    name: 'setUpcall',
    module: 'task/upcall',
    parameters: [value('address'), value('entry')],
    result: 'void',
  },
  {
    number: 35,
    name: 'raise',
    module: 'task/upcall',
    parameters: [value('id'), value('argument')],
    result: 'i32',
  },
  { number: 36, name: 'endUpcall', module: 'task/upcall', parameters: [], result: 'i32' },
  {
    number: 40,
    name: 'poll',
    module: 'socket/poll',
    parameters: [{ name: 'entries', kind: 'inout', count: 'count', unit: 12 }, value('count'), timeoutMs],
    result: 'i32',
  },
  { number: 41, name: 'pollerCreate', module: 'socket/poller', parameters: [], result: 'i32' },
  {
    number: 42,
    name: 'pollerControl',
    module: 'socket/poller',
    parameters: [fd, value('operation'), value('watched', 'i32'), value('interest'), value('token')],
    result: 'i32',
  },
  {
    number: 43,
    name: 'pollerWait',
    module: 'socket/poller',
    parameters: [
      fd,
      { name: 'events', kind: 'out', count: 'most', unit: 8, isResultLong: true },
      value('most'),
      timeoutMs,
    ],
    result: 'i32',
    isPartial: true,
  },
  {
    number: 44,
    name: 'select',
    module: 'socket/select',
    parameters: [{ name: 'sets', kind: 'inout', count: 'words', unit: 8 }, value('words'), timeoutMs],
    result: 'i32',
  },
  {
    number: 45,
    name: 'pipe',
    module: 'socket/pipe',
    parameters: [{ name: 'ends', kind: 'out', bytes: 8 }],
    result: 'i32',
  },
  {
    number: 50,
    name: 'resolve',
    module: 'socket/resolve',
    parameters: [
      input('name'),
      length,
      { name: 'addresses', kind: 'out', count: 'most', unit: 4, isResultLong: true },
      value('most'),
    ],
    result: 'i32',
  },
]
