// Programs that test the kernel from inside and print TAP on the serial port, in every link mode.
import t from 'tap'
import { existsSync } from 'node:fs'

const machine = 'dist/cli/main.js'
if (!existsSync(machine)) t.bailout(`${machine} is missing: run "npm run build" first`)

const { ways } = await import('../../dist/toolchain/index.js')
const modes = [...ways, 'trap+kpti', 'trap:int80+kpti-nopcid', 'trap:sysenter+kpti+mitigations']
// Page faults in the kernel's ring by the other strategies.
const faultModes = ['direct+pf-ist', 'direct+pf-ret', 'lto+pf-ret', 'bypass+pf-ist', 'base+pf-ret']
const runs = modes.flatMap((mode) =>
  ['threads', 'stacks', 'sockets', 'heap', 'pages', 'upcalls'].map((guest) => ({ mode, guest })),
)
runs.push(...faultModes.map((mode) => ({ mode, guest: 'stacks' })))
t.plan(runs.length)
t.setTimeout(300_000)
// A guest keeps one processor busy.
t.jobs = 2
await Promise.all(
  runs.map(({ mode, guest }) =>
    t.spawn(
      process.execPath,
      [machine, 'run', `test/kernel/guest/${guest}.ts`, '--link', mode, '--quiet', '--timeout', '60'],
      { stdio: ['ignore', 'pipe', 'inherit'], buffered: true },
      `${guest} (${mode})`,
    ),
  ),
)
