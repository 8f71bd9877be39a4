import type { Socket } from 'node:net'

/**
 * Ends a connection of the host with a reset, at once. Node's own `resetAndDestroy` waits until everything written has
 * left, and sends a FIN first, which a peer takes for an orderly end.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return
  socket.destroySoon = (): void => void socket.destroy()
  socket.resetAndDestroy()
}
