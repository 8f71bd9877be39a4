/** Entry of the worker thread of a machine that is debugged, on Node. */
import { servePlatform } from '../../machine/node/worker-port.ts'
import type { DebugChannel } from '../../machine/debug-channel.ts'
import type { WorkerConfig } from '../../machine/protocol.ts'
import { createGdbFront } from '../gdb/front.ts'
import { createStepFront } from '../step/front.ts'
import { Session } from '../session.ts'

servePlatform({
  interpose: (config: WorkerConfig, channel: DebugChannel) => {
    const debug = config.debug!
    return new Session(debug, channel, (target, send, isInterrupted) =>
      debug.front === 'gdb'
        ? createGdbFront(target, send)
        : createStepFront(target, send, isInterrupted, config.image),
    )
  },
})
