#!/usr/bin/env node
import { cac, type CAC } from 'cac'
import { readFileSync } from 'node:fs'
import { exitStatus, oneLine, UsageError } from './errors.ts'
import { defineBench } from './bench.ts'
import { defineBuild } from './build.ts'
import { defineRun } from './run.ts'
import { defineStep } from './step.ts'
import { joinSaveAt } from './snapshot.ts'
import { defineTrace } from './trace.ts'

function version(): string {
  const manifest = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

function defineCommands(cli: CAC): void {
  defineRun(cli)
  defineBuild(cli)
  defineBench(cli)
  defineStep(cli)
  defineTrace(cli)
  cli.help()
  cli.version(version())
}

/** Runs one command line and returns its exit status. */
async function main(argv: string[]): Promise<number> {
  const cli = cac('onering')
  defineCommands(cli)
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
