#!/usr/bin/env node
import { cac, type CAC } from 'cac'
import { readFileSync } from 'node:fs'
import { exitStatus, oneLine, UsageError } from './errors.ts'
import { readyNodeWorker } from '../machine/node/start-worker.ts'
import { joinSaveAt } from './snapshot.ts'

function version(): string {
  const manifest = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

type Define = (cli: CAC) => void

/** Each is loaded when its name is the first word, or all when help is asked for. */
const commands: Readonly<Record<string, () => Promise<Define>>> = {
  run: async () => {
    readyNodeWorker()
    return (await import('./run.ts')).defineRun
  },
  build: async () => (await import('./build.ts')).defineBuild,
  bench: async () => (await import('./bench.ts')).defineBench,
  step: async () => (await import('./step.ts')).defineStep,
  trace: async () => (await import('./trace.ts')).defineTrace,
}

async function defineCommands(cli: CAC, word: string | undefined): Promise<void> {
  const isCommand = word !== undefined && Object.hasOwn(commands, word)
  for (const name of isCommand ? [word] : Object.keys(commands)) (await commands[name]!())(cli)
  cli.help()
  cli.version(version())
}

/** Runs one command line and returns its exit status. */
async function main(argv: string[]): Promise<number> {
  const cli = cac('onering')
  await defineCommands(cli, argv[2])
  try {
    const { options } = cli.parse(joinSaveAt(argv), { run: false })
    if (options.help || options.version) return exitStatus.ok
    if (!cli.matchedCommand) {
      const word = cli.args[0]
      if (word !== undefined)
        throw new UsageError(
          `${word}: no such command; there are run, build, bench, trace and step, and --help`,
        )
      cli.outputHelp()
      return exitStatus.usage
    }
    return ((await cli.runMatchedCommand()) as number | undefined) ?? exitStatus.ok
  } catch (error) {
    process.stderr.write(`onering: ${oneLine(error)}\n`)
    // Whatever stops a command before the guest runs is the user's to mend; the statuses of guests come from run().
    return exitStatus.usage
  }
}

process.exitCode = await main(process.argv)
