/** What the clients of each application ask, and how its answer is known to be whole and right. */

export interface Script {
  readonly name: string
  /** Below `src/app`. */
  readonly source: string
  readonly port: number
  /** What one request is. */
  readonly operation: string
  /** Sent once, in the beginning, by the first client alone. */
  readonly first?: Exchange
  request(n: number): Exchange
}

export interface Exchange {
  readonly request: Uint8Array
  /** Bytes of the answer at the beginning of `received`: 0 while it is not whole. @throws Error when it is wrong */
  answer(received: Uint8Array): number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('latin1')

/** An answer known in advance. */
function exactly(request: Uint8Array, expected: Uint8Array): Exchange {
  return {
    request,
    answer: (received) => {
      const length = Math.min(received.length, expected.length)
      for (let i = 0; i < length; i++)
        if (received[i] !== expected[i])
          throw new Error(`a wrong answer: ${decoder.decode(received.subarray(0, 80))}`)
      return received.length >= expected.length ? expected.length : 0
    },
  }
}

const ECHO_BYTES = 64
const echo: Script = {
  name: 'echo',
  source: 'echo-tcp.ts',
  port: 7,
  operation: `${ECHO_BYTES} bytes there and back`,
  request: (n) => {
    const bytes = new Uint8Array(ECHO_BYTES).map((_, i) => n + i)
    return exactly(bytes, bytes)
  },
}

const page = encoder.encode('GET / HTTP/1.1\r\nHost: onering\r\n\r\n')
const http: Script = {
  name: 'http',
  source: 'http.ts',
  port: 80,
  operation: 'the page, over a connection that stays',
  request: () => ({
    request: page,
    answer: (received) => {
      const text = decoder.decode(received)
      const head = text.indexOf('\r\n\r\n')
      if (head < 0) return 0
      if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(`a wrong answer: ${text.slice(0, 80)}`)
      const end = head + 4 + Number(/content-length: (\d+)/i.exec(text)![1])
      return received.length >= end ? end : 0
    },
  }),
}

const resp = (...words: string[]): Uint8Array =>
  encoder.encode(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`)
const ok = encoder.encode('+OK\r\n')
const value = 'xxx'
const bulk = encoder.encode(`$${value.length}\r\n${value}\r\n`)

const get: Script = {
  name: 'kv get',
  source: 'kv/main.ts',
  port: 6379,
  operation: 'GET of three bytes',
  first: exactly(resp('SET', 'key', value), ok),
  request: () => exactly(resp('GET', 'key'), bulk),
}
const set: Script = {
  name: 'kv set',
  source: 'kv/main.ts',
  port: 6379,
  operation: 'SET of three bytes',
  request: () => exactly(resp('SET', 'key', value), ok),
}

export const scripts: readonly Script[] = [echo, http, get, set]
