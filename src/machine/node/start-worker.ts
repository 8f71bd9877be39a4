import { Worker } from 'node:worker_threads'
import type { WorkerHandle, WorkerMessage } from '../protocol.ts'

/** The compiled worker, also when this file itself runs uncompiled in a test. */
function workerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? '../../../dist/machine/node/worker.js' : './worker.js', import.meta.url)
}

/** Starts the thread that a machine's processor runs in. */
export function startNodeWorker(): WorkerHandle {
  const worker = new Worker(workerUrl())
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- this is a thread, not a window
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => {
      worker.removeAllListeners('message')
      worker.on('message', (message: WorkerMessage) => listener(message))
    },
    onError: (listener) => {
      worker.removeAllListeners('error')
      worker.on('error', listener)
    },
    terminate: () => void worker.terminate(),
  }
}
