/** Our store and Debian's redis-server, each on a free port. */
import { spawn } from 'node:child_process'
import { freePort } from '../../support/echo-client.ts'
import { startOnering } from '../../support/guest.ts'
import { Client } from './resp.ts'

export interface Server {
  readonly port: number
  stop(): Promise<void>
}

export async function startKv(link: string, memory = '256M'): Promise<Server> {
  const port = await freePort()
  const guest = startOnering('src/app/kv', {
    forwards: [{ host: port, guest: 6379 }],
    memory,
    args: ['--link', link],
  })
  await guest.line(/kv listens/, 300_000)
  return { port, stop: () => guest.stop() }
}

export async function startRedis(): Promise<Server> {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', `${port}`, '--save', '', '--bind', '127.0.0.1'], {
    stdio: 'ignore',
  })
  for (let attempt = 0; ; attempt++) {
    try {
      const client = await Client.open(port)
      client.close()
      break
    } catch (error) {
      if (attempt === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  return {
    port,
    stop: async () => {
      child.kill()
    },
  }
}
