/** A server in the middle of its work, saved and taken up elsewhere: it serves new connections; the old one is gone. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Machine, userNet, type Network } from '../../src/index.ts'
import { buildApp } from '../../src/toolchain/index.ts'

const machines: Machine[] = []
afterEach(() => {
  for (const machine of machines.splice(0)) machine.stop()
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function start(
  open: (net: Network) => Promise<Machine>,
): Promise<{ machine: Machine; port: number; up: Promise<void> }> {
  const port = await freePort()
  const machine = await open(userNet({ forward: [{ host: port, guest: 7 }] }))
  machines.push(machine)
  const up = new Promise<void>((resolve) => machine.on('serial', () => resolve()))
  void machine.run()
  return { machine, port, up }
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  let back = ''
  while (back.length < text.length) back += String((await once(socket, 'data'))[0])
  return back
}

test('echo-tcp goes on in a new machine, on another port of the host', { timeout: 120_000 }, async () => {
  const { image } = await buildApp(new URL('../../src/app/echo-tcp.ts', import.meta.url).pathname, {
    link: 'direct',
  })
  const first = await start((net) => Machine.create({ image, memory: 64 << 20, net }))
  await first.up
  // Its machine will stop under it.
  const old = connect(first.port, '127.0.0.1').on('error', () => {})
  expect(await echo(old, 'before')).toBe('before')
  const snapshot = await first.machine.save()
  expect(await echo(old, 'still here')).toBe('still here')
  first.machine.stop()

  const second = await start((net) => Machine.restore({ snapshot, net }))
  for (const text of ['after', 'and again']) {
    const socket = connect(second.port, '127.0.0.1')
    expect(await echo(socket, text)).toBe(text)
    socket.destroy()
  }
  old.destroy()
})
