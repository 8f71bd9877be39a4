/** The socket at which gdb reaches a machine. One at a time: who comes second is turned away. */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { MESSAGE_CONNECTED, MESSAGE_GONE } from '../../../machine/debug-channel.ts'
import type { Machine } from '../../../machine/machine.ts'
import { HostChannel } from '../../node/channel.ts'

/** A client that sends more than the machine takes is not gdb. */
const MAX_BACKLOG = 64

export interface GdbListener {
  /** Where it listens: the port is the system's choice when 0 was asked for. */
  readonly port: number
  close(): void
}

/** Rejects with the error of the socket when it cannot listen there. */
export function listenForGdb(
  machine: Machine,
  { host, port }: { host: string; port: number },
): Promise<GdbListener> {
  const channel = new HostChannel(machine)
  let client: Socket | null = null
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    if (client !== null) return void socket.destroy()
    client = socket
    channel.send(MESSAGE_CONNECTED)
    socket.on('data', (bytes) => {
      channel.data(bytes)
      if (channel.backlog > MAX_BACKLOG) socket.destroy()
    })
    socket.on('close', () => {
      client = null
      channel.send(MESSAGE_GONE)
    })
  })
  machine.on('debug', (bytes) => client?.write(bytes))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => {
          client?.end()
          channel.close()
          server.close()
        },
      })
    })
  })
}
