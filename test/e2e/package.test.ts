import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { echoMany, freePort, waitForEcho } from '../support/echo-client.ts'

const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'onering-package-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** As a user would: the packed package, installed into an empty folder elsewhere, with a cache of its own. */
beforeAll(() => {
  const run = (command: string, args: string[], cwd: string): string =>
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root)
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))!
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  run('npm', ['install', '--no-audit', '--no-fund', `./${archive}`], folder)
}, 300_000)

const environment = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') }

test("npx onering run serves a user's own application", { timeout: 120_000 }, async () => {
  writeFileSync(join(folder, 'my-echo.ts'), readFileSync(join(root, 'src/app/echo-tcp.ts')))
  const port = await freePort()
  const args = ['onering', 'run', 'my-echo.ts', '-p', `${port}:7`]
  const child = spawn('npx', args, { cwd: folder, env: environment, stdio: 'ignore', detached: true })
  try {
    await waitForEcho(port)
    expect(await echoMany(port, 4, 10_000)).toBe(4)
  } finally {
    process.kill(-child.pid!, 'SIGINT')
    await once(child, 'exit')
  }
})

test('ten lines against the library', { timeout: 60_000 }, () => {
  execFileSync('npx', ['onering', 'build', join(root, 'src/app/hello.ts'), '-o', 'hello.elf'], {
    cwd: folder,
    env: environment,
  })
  const program = `
    import { readFileSync } from 'node:fs'
    import { Machine, userNet } from 'onering'
    const image = readFileSync('hello.elf')
    const machine = await Machine.create({ image, memory: 64 << 20, net: userNet() })
    let output = ''
    machine.on('serial', (bytes) => { output += Buffer.from(bytes) })
    const exit = await machine.run()
    console.log(JSON.stringify({ output, reason: exit.reason }))
  `
  writeFileSync(join(folder, 'program.mjs'), program)
  const { output, reason } = JSON.parse(
    execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' }),
  ) as { output: string; reason: string }
  expect(output).toMatch(/hello/i)
  expect(reason).toMatch(/power-off|debug-exit/)
})
