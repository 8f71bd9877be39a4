/** Entry of the worker thread of a machine that is debugged, on Node. */
import { servePlatform } from '../../machine/node/worker-port.ts'
import type { DebugChannel } from '../../machine/debug-channel.ts'
import type { WorkerConfig } from '../../machine/protocol.ts'
import { createGdbFront } from '../gdb/front.ts'
import { Session } from '../session.ts'

servePlatform({
  interpose: (config: WorkerConfig, channel: DebugChannel) =>
    new Session(config.debug!, channel, createGdbFront),
})
