/** gdb's server at the end of a debugger's channel. */
import { MESSAGE_CONNECTED, MESSAGE_DATA, MESSAGE_GONE } from '../../machine/debug-channel.ts'
import type { Front } from '../session.ts'
import type { Target } from '../target.ts'
import { GdbServer } from './server.ts'

export function createGdbFront(target: Target, send: (bytes: Uint8Array) => void): Front {
  const server = new GdbServer(target, send)
  return {
    receive: (message) => {
      if (message[0] === MESSAGE_DATA) server.receive(message.subarray(1))
      else if (message[0] === MESSAGE_CONNECTED) server.connected()
      else if (message[0] === MESSAGE_GONE) server.disconnected()
    },
    move: () => server.move(),
    isAttentive: true,
    get isMoving() {
      return server.isMoving
    },
    get stop() {
      return server.stop
    },
  }
}
