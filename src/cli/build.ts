import type { CAC } from 'cac'
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { UsageError } from './errors.ts'
import { buildImage, linkHelp, parseLinkMode } from './image.ts'
import { createProgress } from './progress.ts'

interface BuildFlags {
  o?: string
  link: string
  quiet?: boolean
}

/** `onering build APP.ts -o OUT.elf`: the image that `run`, and QEMU's `-kernel`, boot. */
export function defineBuild(cli: CAC): void {
  cli
    .command('build <app>', 'Compile an application and link it with the kernel into a bootable ELF')
    .option('-o <file>', 'Where to write the image (default: the name of the application with .elf)')
    .option('--link <mode>', linkHelp, {
      default: 'direct',
    })
    .option('--quiet', 'Print nothing but errors')
    .example('onering build echo.ts -o echo.elf --link trap')
    .action(async (app: string, flags: BuildFlags) => {
      const progress = createProgress(process.stderr, flags.quiet === true)
      const image = await buildImage(app, parseLinkMode(flags.link), progress)
      const output = flags.o ?? `${basename(app, '.ts')}.elf`
      try {
        writeFileSync(output, image)
      } catch (error) {
        throw new UsageError(
          `${output}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
        )
      }
      progress.done(`wrote ${output}`)
    })
}
