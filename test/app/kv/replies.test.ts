/** Our store beside Debian's redis-server: the same requests, the same bytes back. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasProgram } from '../../support/programs.ts'
import { Prng } from '../../../src/net/prng.ts'
import { randomSteps } from './random-commands.ts'
import { Client, request } from './resp.ts'
import { type Server, startKv, startRedis } from './servers.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const STEPS = Number(process.env.ONERING_STEPS ?? 3000)
const BATCH = 100

/** Sends bytes in pieces that have nothing to do with where requests end. */
function sendInPieces(client: Client, bytes: Buffer, random: Prng): void {
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(random.next() * 700)
    client.socket.write(bytes.subarray(at, at + length))
    at += length
  }
}

/** What is no request, or only half of one; everything that comes back until the connection rests. */
const odd: readonly (readonly [string, string])[] = [
  ['inline', 'PING\r\nping\nECHO hi\r\n'],
  ['inline with quotes', `ECHO "a\\x41\\n\\"b"\r\nECHO 'it\\'s'\r\necho "\\xzz"\r\n`],
  ['unbalanced quotes', 'ECHO "abc\r\nPING\r\n'],
  ['text behind a quote', 'ECHO "a"b\r\n'],
  ['empty lines', '\r\n\n\r\nPING\r\n'],
  ['no words', '*0\r\n*-1\r\n*-5\r\nPING\r\n'],
  ['no number of words', '*x\r\n'],
  ['an empty number of words', '*\r\n'],
  ['a number with a sign', '*+1\r\n$4\r\nPING\r\n'],
  ['more words than fit a number', '*99999999999999999999\r\n'],
  ['no bulk', '*1\r\nPING\r\n'],
  ['a negative length', '*1\r\n$-1\r\n'],
  ['no length', '*1\r\n$x\r\n'],
  ['a huge length', '*2\r\n$3\r\nGET\r\n$999999999999\r\n'],
  ['a length that wraps', '*1\r\n$18446744073709551615\r\n'],
  ['a word of no bytes', '*1\r\n$0\r\n\r\nPING\r\n'],
  ['a good request before a bad one', '*1\r\n$4\r\nPING\r\n*1\r\n!\r\n'],
  ['half a request', '*2\r\n$3\r\nGET\r\n$5\r\nab'],
  ['nothing behind a star', '*'],
  ['requests after QUIT', 'QUIT\r\nPING\r\n'],
  ['a name with line ends', '*1\r\n$4\r\na\r\nb\r\n'],
  ['an unknown subcommand', 'CONFIG no\r\nCLIENT no\r\n'],
  ['client names', 'CLIENT GETNAME\r\nCLIENT SETNAME me\r\nCLIENT GETNAME\r\nCLIENT SETNAME "a b"\r\n'],
  ['a setting that clients ask for', 'CONFIG GET save\r\nCONFIG GET appendonly nothing\r\n'],
  ['scans that are wrong', 'SCAN x\r\nSCAN 0 COUNT 0\r\nSCAN 0 COUNT x\r\nSCAN 0 MATCH\r\nSCAN 0 no x\r\n'],
]

describe.skipIf(!hasProgram('redis-server'))('replies equal those of redis-server, byte for byte', () => {
  let redis: Server
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  describe.each(['direct', 'trap'])('%s', (link) => {
    let kv: Server
    beforeAll(async () => {
      kv = await startKv(link)
    })
    afterAll(() => kv.stop())

    test(`${STEPS} random commands, seed ${SEED}`, async () => {
      const random = new Prng(SEED)
      const [ours, theirs] = await Promise.all([Client.open(kv.port), Client.open(redis.port)])
      await Promise.all([ours.ask('flushall'), theirs.ask('flushall')])
      const steps = randomSteps(SEED, STEPS)
      for (let start = 0; start < steps.length; start += BATCH) {
        const batch = steps.slice(start, start + BATCH)
        const bytes = Buffer.concat(batch.map(({ words }) => request(...words)))
        sendInPieces(ours, bytes, random)
        theirs.socket.write(bytes)
        const [our, their] = await Promise.all([ours.replies(batch.length), theirs.replies(batch.length)])
        batch.forEach(({ words, normal }, i) => {
          const message = `seed ${SEED}, step ${start + i}: ${JSON.stringify(words)}`
          expect(normal(our[i]!), message).toBe(normal(their[i]!))
        })
      }
      ours.close()
      theirs.close()
    })

    test.each(odd)('%s', async (_name, text) => {
      const replyOf = async (port: number, least: number): Promise<string> => {
        const client = await Client.open(port)
        client.socket.write(Buffer.from(text, 'latin1'))
        const reply = await client.rest(100, least)
        client.close()
        return reply
      }
      const their = await replyOf(redis.port, 0)
      expect(await replyOf(kv.port, their.length)).toBe(their)
    })
  })
})
