import { Worker } from 'node:worker_threads'
import type { WorkerHandle, WorkerMessage } from '../protocol.ts'

/** A compiled worker by its place in `dist/`, also when this file itself runs uncompiled in a test. */
function workerUrl(path: string): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(`${isSource ? '../../../dist' : '../..'}/${path}`, import.meta.url)
}

const MACHINE = 'machine/node/worker.js'

/** A thread that loads what machines need, until one is started. */
let ready: Worker | null = null

/** Lets the next machine's thread load while this one has other things to do. A program that ends without a machine does not wait for it. */
export function readyNodeWorker(): void {
  ready ??= new Worker(workerUrl(MACHINE))
  ready.unref()
}

/** Starts the thread that a machine's processor runs in. */
export function startNodeWorker(): WorkerHandle {
  const worker = ready ?? new Worker(workerUrl(MACHINE))
  ready = null
  worker.ref()
  return handle(worker)
}

/** The same with another entry, named by its place in `dist/`. */
export function startWorkerAt(path: string): WorkerHandle {
  return handle(new Worker(workerUrl(path)))
}

function handle(worker: Worker): WorkerHandle {
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
