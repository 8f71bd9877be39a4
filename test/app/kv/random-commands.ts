/** Random sequences of commands, right and wrong, on few keys, so that they meet values of every kind. */
import { Prng } from '../../../src/net/prng.ts'
import { elements } from './resp.ts'

type Pick = <T>(choices: readonly T[]) => T

export interface Step {
  readonly words: readonly string[]
  /** What remains of a reply that two servers may give in different orders, or at different times. */
  readonly normal: (reply: Buffer) => string
}

const asItIs = (reply: Buffer): string => reply.toString('latin1')
const sorted = (reply: Buffer): string =>
  reply[0] === 0x2a ? elements(reply).map(asItIs).sort().join('') : asItIs(reply)
/** Fields with their values, sorted. */
const sortedPairs = (reply: Buffer): string => {
  if (reply[0] !== 0x2a) return asItIs(reply)
  const all = elements(reply).map(asItIs)
  return all
    .flatMap((field, i) => (i % 2 === 0 ? [field + all[i + 1]] : []))
    .sort()
    .join('')
}
/** Thousands of seconds. */
const roughly = (reply: Buffer): string => {
  const seconds = Number(asItIs(reply).slice(1))
  return seconds > 1000 ? `:${Math.round(seconds / 1000)}` : asItIs(reply)
}

const keys = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'a key', '']
const strings = ['', 'x', 'hello', '\0\xff\r\n', 'a'.repeat(300), '007', ' 1', '+1', '-0', '1e3', '0x10']
const numbers = [
  '0',
  '1',
  '-1',
  '5',
  '10',
  '100',
  '9223372036854775807',
  '-9223372036854775808',
  '3000000000',
]
const scores = ['0', '1', '-1', '2.5', '0.125', '-inf', '+inf', '1e3', '5', 'nan', 'x', '', '1 ', '.5', '5.']
const places = ['0', '1', '2', '-1', '-2', '5', '-100', '100', 'x']
const patterns = ['*', 'k*', 'k?', 'k[0-2]', 'k[^0-2]', '*k*', '\\k1', '[', 'k[', 'k[0', '', 'a*y', '**0']

type Maker = (one: Pick) => [words: string[], normal?: Step['normal']]

const value: Maker = (one) => [[one([...strings, ...numbers])]]
const many = (one: Pick, make: (one: Pick) => string[]): string[] =>
  Array.from({ length: one([1, 1, 2, 3]) }, () => make(one)).flat()
const member = (one: Pick): string => one(['a', 'b', 'c', '1', '2', '10', ''])

const makers: Record<string, Maker> = {
  ping: (one) => [one([[], [], ['hello'], ['a', 'b']])],
  echo: value,
  set: (one) => [
    [
      one(keys),
      value(one)[0][0]!,
      ...one([
        [],
        [],
        [],
        ['nx'],
        ['XX'],
        ['GET'],
        ['nx', 'get'],
        ['ex', '1000000'],
        ['px', '2000000000'],
        ['keepttl'],
      ]),
      ...one([[], [], [], [], ['ex', '0'], ['ex', 'x'], ['ex'], ['foo'], ['nx', 'xx'], ['px', '-1']]),
    ],
  ],
  get: (one) => [[one(keys)]],
  getset: (one) => [[one(keys), value(one)[0][0]!]],
  mget: (one) => [many(one, () => [one(keys)])],
  mset: (one) => [[...many(one, () => [one(keys), one(strings)]), ...one([[], [], [], ['odd']])]],
  incr: (one) => [[one(keys)]],
  decr: (one) => [[one(keys)]],
  incrby: (one) => [[one(keys), one([...numbers, 'x', ''])]],
  decrby: (one) => [[one(keys), one([...numbers, 'x'])]],
  append: (one) => [[one(keys), one(strings)]],
  strlen: (one) => [[one(keys)]],
  del: (one) => [many(one, () => [one(keys)])],
  exists: (one) => [many(one, () => [one(keys)])],
  type: (one) => [[one(keys)]],
  expire: (one) => [
    [
      one(keys),
      one(['1000000', '0', '-1', 'x', '9223372036854775807', '2000000']),
      ...one([[], [], ['nx'], ['xx'], ['GT'], ['lt'], ['nx', 'xx'], ['gt', 'lt'], ['y']]),
    ],
  ],
  ttl: (one) => [[one(keys)], roughly],
  persist: (one) => [[one(keys)]],
  dbsize: () => [[]],
  keys: (one) => [[one(patterns)], sorted],
  lpush: (one) => [[one(keys), ...many(one, () => [one(strings)])]],
  rpush: (one) => [[one(keys), ...many(one, () => [one(strings)])]],
  lpop: (one) => [[one(keys), ...one([[], [], ['2'], ['0'], ['-1'], ['x'], ['1', '2']])]],
  rpop: (one) => [[one(keys), ...one([[], [], ['2'], ['0'], ['-1'], ['x']])]],
  llen: (one) => [[one(keys)]],
  lrange: (one) => [[one(keys), one(places), one(places)]],
  sadd: (one) => [[one(keys), ...many(one, () => [member(one)])]],
  srem: (one) => [[one(keys), ...many(one, () => [member(one)])]],
  // All of them: which one of several goes is chance.
  spop: (one) => [[one(keys), one(['100', '100', '0', '-1', 'x'])], sorted],
  sismember: (one) => [[one(keys), member(one)]],
  scard: (one) => [[one(keys)]],
  smembers: (one) => [[one(keys)], sorted],
  hset: (one) => [
    [one(keys), ...many(one, () => [member(one), one(strings)]), ...one([[], [], [], ['odd']])],
  ],
  hget: (one) => [[one(keys), member(one)]],
  hgetall: (one) => [[one(keys)], sortedPairs],
  hdel: (one) => [[one(keys), ...many(one, () => [member(one)])]],
  hlen: (one) => [[one(keys)]],
  zadd: (one) => [
    [
      one(keys),
      ...one([[], [], [], ['nx'], ['XX'], ['gt'], ['lt', 'ch'], ['ch'], ['nx', 'xx'], ['gt', 'lt']]),
      ...many(one, () => [one(scores), member(one)]),
      ...one([[], [], [], [], ['odd']]),
    ],
  ],
  zpopmin: (one) => [[one(keys), ...one([[], [], ['2'], ['0'], ['-1'], ['x']])]],
  zcard: (one) => [[one(keys)]],
  zscore: (one) => [[one(keys), member(one)]],
  select: (one) => [[one(['0', '-1', 'x'])]],
  flushall: (one) => [one([['now'], ['now'], []])],
  nothing: (one) => [many(one, () => [one(['a', 'some words', 'x'.repeat(100)])])],
}

/** `count` steps that `seed` determines; now and then a word too few. */
export function randomSteps(seed: number, count: number): Step[] {
  const random = new Prng(seed)
  const one: Pick = (choices) => choices[Math.floor(random.next() * choices.length)]!
  const names = Object.keys(makers)
  return Array.from({ length: count }, () => {
    const name = one(names)
    const [words, normal] = makers[name]!(one)
    const isShort = random.next() < 0.02
    const spelled = random.next() < 0.2 ? name.toUpperCase() : name
    return { words: [spelled, ...(isShort ? words.slice(0, -1) : words)], normal: normal ?? asItIs }
  })
}
