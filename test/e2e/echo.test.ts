import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { echoDatagram, echoMany, echoOnce, freePort, waitForEcho } from '../support/echo-client.ts'
import { startOnering, startQemu, type Guest } from '../support/guest.ts'
import { hasProgram } from '../support/programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'onering-e2e-'))
afterAll(() => rmSync(folder, { recursive: true }))

function build(app: string, link: string): string {
  const image = join(folder, `${app}-${link}.elf`)
  execFileSync(process.execPath, [
    'dist/cli/main.js',
    'build',
    `src/app/${app}.ts`,
    '-o',
    image,
    '--link',
    link,
    '--quiet',
  ])
  return image
}

/** What every echo server must do, on whichever machine it runs. */
function echoContract(
  start: (image: string, host: number) => Guest,
  link: string,
  scale: { connections: number; bytes: number; oneByOne?: boolean },
): void {
  let guest: Guest
  let port: number
  beforeAll(async () => {
    port = await freePort()
    guest = start(build('echo-tcp', link), port)
    await waitForEcho(port)
  }, 120_000)
  afterAll(() => guest?.stop())

  test(
    `${scale.connections} connections at once, ${scale.bytes >> 10} KiB each way`,
    { timeout: 300_000 },
    async () => {
      expect(await echoMany(port, scale.connections, scale.bytes, scale)).toBe(scale.connections)
    },
  )

  test('a connection that sends nothing and closes', async () => {
    expect(await echoOnce(port, 0)).toBe(true)
  })

  test('a reset in the middle leaves the other connections alone', async () => {
    const other = echoOnce(port, 1 << 18, scale)
    for (let i = 0; i < 10; i++) {
      const socket = connect({ port, host: '127.0.0.1' })
      await once(socket, 'connect')
      socket.write(Buffer.alloc(100_000))
      await once(socket, 'data')
      socket.resetAndDestroy()
    }
    expect(await other).toBe(true)
  })
}

describe.each(['direct', 'lto', 'trap'])('echo-tcp, linked %s, on onering', (link) => {
  echoContract((image, host) => startOnering(image, { forwards: [{ host, guest: 7 }] }), link, {
    connections: 200,
    bytes: 1 << 20,
  })
})

describe.skipIf(!hasProgram('qemu-system-x86_64'))('the same images on QEMU', () => {
  describe.each(['direct', 'lto', 'trap'])('linked %s', (link) => {
    echoContract((image, host) => startQemu(image, { forwards: [{ host, guest: 7 }] }), link, {
      connections: 50,
      bytes: 1 << 18,
      oneByOne: true,
    })
  })
})

test('a port on which nothing listens in the guest is refused', async () => {
  const [open, closed] = [await freePort(), await freePort()]
  const guest = startOnering(build('echo-tcp', 'direct'), {
    forwards: [
      { host: open, guest: 7 },
      { host: closed, guest: 9 },
    ],
  })
  try {
    await waitForEcho(open)
    await expect(echoOnce(closed, 10)).rejects.toThrow(/ECONNRESET/)
  } finally {
    await guest.stop()
  }
})

/** What the guest holds: bytes in both heaps, free bytes, descriptors. */
async function held(
  port: number,
): Promise<{ kernel: number; application: number; free: number; descriptors: number }> {
  const socket = connect({ port, host: '127.0.0.1' })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'end')
  socket.destroy()
  const [kernel, application, free, descriptors] = Buffer.concat(chunks)
    .toString()
    .trim()
    .split(' ')
    .map(Number)
  return { kernel: kernel!, application: application!, free: free!, descriptors: descriptors! }
}

test(
  '10,000 connections one after another leave no memory and no descriptor behind',
  { timeout: 300_000 },
  async () => {
    const [port, report] = [await freePort(), await freePort()]
    const guest = startOnering('test/e2e/guest/echo-memory.ts', {
      forwards: [
        { host: port, guest: 7 },
        { host: report, guest: 8 },
      ],
    })
    try {
      await waitForEcho(port)
      const exchange = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++)
          if (!(await echoOnce(port, 100))) throw new Error(`connection ${i} differs`)
      }
      await exchange(1000)
      const before = await held(report)
      await exchange(9000)
      const after = await held(report)
      console.log('after 1,000 connections', before, 'after 10,000', after)
      expect(after.descriptors).toBe(before.descriptors)
      // Connections in TIME_WAIT are bounded, and come and go with time; a leak of one byte each would show.
      expect(after.kernel - before.kernel).toBeLessThan(9000)
      expect(before.free - after.free).toBeLessThanOrEqual(1 << 20)
    } finally {
      await guest.stop()
    }
  },
)

describe('UDP', () => {
  let guest: Guest
  let port: number
  beforeAll(async () => {
    port = await freePort()
    guest = startOnering(build('echo-udp', 'direct'), {
      forwards: [{ host: port, guest: 7, protocol: 'udp' }],
    })
    await guest.line(/listens on/, 60_000)
  })
  afterAll(() => guest?.stop())

  test('every size up to the MTU', { timeout: 120_000 }, async () => {
    const wrong: number[] = []
    for (let size = 0; size <= 1472; size++) {
      const payload = Buffer.alloc(size, size)
      if (!(await echoDatagram(port, payload))?.equals(payload)) wrong.push(size)
    }
    expect(wrong).toEqual([])
  })

  test('fragmented above it', async () => {
    for (const size of [1473, 2000, 2960, 2961, 8192, 30_000, 65_507]) {
      const payload = Buffer.alloc(size, size)
      expect((await echoDatagram(port, payload))?.equals(payload), `${size} bytes`).toBe(true)
    }
  })
})
