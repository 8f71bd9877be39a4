import { Worker } from 'node:worker_threads'
import type { WorkerHandle, WorkerMessage } from '../protocol.ts'

/** A compiled worker by its place in `dist/`, also when this file itself runs uncompiled in a test. */
function workerUrl(path: string): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(`${isSource ? '../../../dist' : '../..'}/${path}`, import.meta.url)
}

/** Starts the thread that a machine's processor runs in. */
export function startNodeWorker(): WorkerHandle {
  return startWorkerAt('machine/node/worker.js')
}

/** The same with another entry, named by its place in `dist/`. */
export function startWorkerAt(path: string): WorkerHandle {
  const worker = new Worker(workerUrl(path))
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
