// Programs that test the kernel from inside and print TAP on the serial port, in every link mode.
import t from 'tap'
import { existsSync } from 'node:fs'

const machine = 'dist/cli/main.js'
if (!existsSync(machine)) t.bailout(`${machine} is missing: run "npm run build" first`)
for (const mode of ['direct', 'lto', 'trap'])
  for (const name of ['threads', 'sockets', 'heap'])
    await t.spawn(
      process.execPath,
      [machine, 'run', `test/kernel/guest/${name}.ts`, '--link', mode, '--quiet', '--timeout', '60'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
      `${name} (${mode})`,
    )
