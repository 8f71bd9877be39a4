/** What every worker thread of Node offers to a machine. */
import { parentPort } from 'node:worker_threads'
import type { HostMessage } from '../protocol.ts'
import { serve, type Platform } from '../serve.ts'
import { loadCpuModules } from './assets.ts'
import { openHostFolder } from './host-folder.ts'
import { openDrive } from './open-drive.ts'

/** Serves the machine of this thread; `more`: what this kind of worker has beside. */
export function servePlatform(more: Pick<Platform, 'interpose'> = {}): void {
  const port = parentPort
  if (port === null) throw new Error('this file is the entry of a worker thread')
  serve(
    {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- this is a thread, not a window
      post: (message) => port.postMessage(message),
      onMessage: (listener) => void port.on('message', (message: HostMessage) => listener(message)),
    },
    {
      loadCpuModules,
      openDrive,
      openShare: ({ path, writable }) => openHostFolder(path, writable !== true),
      ...more,
    },
  )
}
