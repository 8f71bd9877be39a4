/** The store by itself: load from redis-benchmark, hostile clients, the end of memory, keys that end. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasProgram } from '../../support/programs.ts'
import { Client, elements, request } from './resp.ts'
import { type Server, startKv } from './servers.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const REQUESTS = Number(process.env.ONERING_REQUESTS ?? 300)

describe.each(['direct', 'trap'])('%s', (link) => {
  let kv: Server
  let client: Client
  beforeAll(async () => {
    kv = await startKv(link)
    client = await Client.open(kv.port)
  })
  afterAll(async () => {
    client.close()
    await kv.stop()
  })

  test.skipIf(!hasProgram('redis-benchmark'))(
    `redis-benchmark: ${REQUESTS} requests over 50 connections, each counted by what it leaves behind`,
    async () => {
      const run = (tests: string): string =>
        execFileSync(
          'redis-benchmark',
          ['-p', `${kv.port}`, '-c', '50', '-n', `${REQUESTS}`, '-e', '--csv', '-t', tests],
          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
        )
      const output = [run('ping,set,get,incr,lpush,rpush'), '']
      expect(await client.ask('get', 'counter:__rand_int__')).toBe(
        `$${`${REQUESTS}`.length}\r\n${REQUESTS}\r\n`,
      )
      expect(await client.ask('llen', 'mylist')).toBe(`:${2 * REQUESTS}\r\n`)
      output.push(run('lpop,rpop,sadd,hset'))
      expect(await client.ask('exists', 'mylist')).toBe(':0\r\n')
      expect(await client.ask('scard', 'myset')).toBe(':1\r\n')
      expect(await client.ask('hlen', 'myhash')).toBe(':1\r\n')
      output.push(run('spop,zadd,zpopmin,lrange,mset'))
      expect(await client.ask('exists', 'myset', 'myzset')).toBe(':0\r\n')
      expect(output.join('')).not.toMatch(/error/i)
      expect(output.join('').match(/^"[A-Z]/gm)).toHaveLength(20)
    },
  )

  test('a key ends when its time is over, whether somebody asks for it or not', async () => {
    await client.ask('flushall')
    await client.ask('set', 'soon', '1', 'px', '300')
    await client.ask('set', 'also', '1', 'px', '300')
    expect(await client.ask('ttl', 'soon')).toBe(':0\r\n')
    expect(await client.ask('dbsize')).toBe(':2\r\n')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(await client.ask('dbsize')).toBe(':0\r\n')
    expect(await client.ask('get', 'soon')).toBe('$-1\r\n')
  })

  test('SCAN meets every key that stays, while others come and go', async () => {
    await client.ask('flushall')
    const names = Array.from({ length: 300 }, (_, i) => `stays:${i}`)
    await client.ask('mset', ...names.flatMap((name) => [name, 'x']))
    await client.ask('mset', ...names.flatMap((name) => [name.replace('stays', 'goes'), 'x']))
    const seen = new Set<string>()
    let cursor = '0'
    let round = 0
    do {
      client.socket.write(request('scan', cursor, 'match', 'stays:*', 'count', '20'))
      const [next, found] = elements((await client.replies(1))[0]!)
      cursor = next!.toString().split('\r\n')[1]!
      for (const key of elements(found!)) seen.add(key.toString().split('\r\n')[1]!)
      await client.ask('del', ...Array.from({ length: 10 }, (_, i) => `goes:${round * 10 + i}`))
      await client.ask('set', `new:${round++}`, 'x')
    } while (cursor !== '0')
    expect([...seen].sort()).toEqual(names.sort())
  })

  test('a client that takes no replies is read no further, and the others are served', async () => {
    await client.ask('set', 'big', 'x'.repeat(1 << 20))
    const lazy = await Client.open(kv.port)
    lazy.socket.pause()
    for (let i = 0; i < 40; i++) lazy.socket.write(request('get', 'big'))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await client.ask('ping')).toBe('+PONG\r\n')
    const used = Number(/used_memory:(\d+)/.exec(await client.ask('info'))![1])
    expect(used).toBeLessThan(10 << 20)
    lazy.socket.resume()
    expect(await lazy.replies(40)).toHaveLength(40)
    lazy.close()
  })

  test('many half requests and torn connections leave nothing behind', async () => {
    await client.ask('flushall')
    const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await client.ask('info'))![1])
    const before = await used()
    for (let round = 0; round < 5; round++) {
      const peers = await Promise.all(Array.from({ length: 20 }, () => Client.open(kv.port)))
      for (const peer of peers) peer.socket.write(`*1000\r\n$3\r\nSET\r\n$1000000\r\n${'x'.repeat(20_000)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
      for (const peer of peers) peer.socket.resetAndDestroy()
    }
    await expect.poll(() => client.ask('info'), { timeout: 20_000 }).toContain('connected_clients:1\r\n')
    // The connection that asks may have grown its own buffers.
    expect(await used()).toBeLessThan(before + 20_000)
  })
})

test('memory ends in an error reply; reading goes on, and what is deleted can be used again', async () => {
  const kv = await startKv('direct', '32M')
  const client = await Client.open(kv.port)
  const value = 'x'.repeat(200_000)
  let reply = ''
  for (let i = 0; i < 200 && !reply.startsWith('-'); i++) reply = await client.ask('set', `key:${i}`, value)
  expect(reply).toBe(`-OOM command not allowed when used memory > 'maxmemory'.\r\n`)
  expect(await client.ask('strlen', 'key:0')).toBe(':200000\r\n')
  expect(await client.ask('del', 'key:0', 'key:1', 'key:2')).toBe(':3\r\n')
  expect(await client.ask('set', 'again', value)).toBe('+OK\r\n')
  // A request, and a reply, for which there can be no memory.
  const greedy = await Client.open(kv.port)
  greedy.socket.write(
    Buffer.concat([Buffer.from('*2\r\n$3\r\nGET\r\n$60000000\r\n'), Buffer.alloc(40_000_000, 0x78)]),
  )
  expect(await greedy.rest(3000)).toMatch(
    /^(-ERR Protocol error: no memory for a request of this size\r\n)?$/,
  )
  const many = await Client.open(kv.port)
  many.socket.write(request('mget', ...Array.from({ length: 500 }, () => 'again')))
  expect((await many.rest(3000)).length).toBeLessThan(500 * 200_000)
  expect(await client.ask('ping')).toBe('+PONG\r\n')
  expect(await client.ask('flushall')).toBe('+OK\r\n')
  expect(await client.ask('set', 'key', value)).toBe('+OK\r\n')
  for (const each of [client, greedy, many]) each.close()
  await kv.stop()
})
