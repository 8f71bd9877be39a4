/** The threads' entries with all that they import in one file: a thread opens one file where it would open five hundred. */
import { build } from 'esbuild'

const ENTRIES = ['dist/machine/node/worker.js', 'dist/debug/node/worker.js']
/** They are large, and the same in both. */
const SHARED = ['isa/rows/index.js', 'isa/tables.js']

export async function bundleWorkers(): Promise<void> {
  await build({
    entryPoints: ENTRIES,
    outbase: 'dist',
    outdir: 'dist',
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    plugins: [
      {
        name: 'shared',
        setup: ({ onResolve }) => {
          onResolve({ filter: /(?:rows\/index|tables)\.js$/ }, ({ path, resolveDir }) => {
            const file = SHARED.find((name) => new URL(path, `file://${resolveDir}/`).pathname.endsWith(`/dist/${name}`))
            // Every entry lies two folders below dist/.
            return file === undefined ? undefined : { path: `../../${file}`, external: true }
          })
        },
      },
    ],
  })
}
