import { startWorkerAt } from '../../machine/node/start-worker.ts'
import type { WorkerHandle } from '../../machine/protocol.ts'

/** Starts the thread of a machine that is debugged. */
export function startDebugWorker(): WorkerHandle {
  return startWorkerAt('debug/node/worker.js')
}
