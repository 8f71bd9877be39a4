import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { freePort, waitForEcho } from '../support/echo-client.ts'
import { startOnering } from '../support/guest.ts'

/** Seconds of processor time that a process has used, all threads together (proc(5): utime and stime). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return (Number(fields[11]) + Number(fields[12])) / ticks
}

test.skipIf(process.platform !== 'linux')(
  'an idle server uses under 2 % of one core',
  { timeout: 60_000 },
  async () => {
    const port = await freePort()
    const guest = startOnering('src/app/echo-tcp.ts', { forwards: [{ host: port, guest: 7 }] })
    try {
      await waitForEcho(port)
      await new Promise((resolve) => setTimeout(resolve, 2000))
      const before = cpuSeconds(guest.process.pid!)
      await new Promise((resolve) => setTimeout(resolve, 10_000))
      const share = (cpuSeconds(guest.process.pid!) - before) / 10
      console.log(`idle: ${(share * 100).toFixed(2)} % of one core`)
      expect(share).toBeLessThan(0.02)
    } finally {
      await guest.stop()
    }
  },
)
