/** The Debian packages that the tests boot: `linux-image-*-amd64` and `busybox-static`, unpacked into one folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** `.ci/run` unpacks them here; ONERING_LINUX names another folder. */
const folder = process.env.ONERING_LINUX ?? new URL('../../../build/linux', import.meta.url).pathname

export interface Debian {
  readonly kernel: Uint8Array
  /** As `uname -r` gives it. */
  readonly release: string
  readonly busybox: Uint8Array
  /** A module of the kernel by its name, and those that it depends on, these first. */
  modules(...names: string[]): { name: string; data: Uint8Array }[]
}

export const hasDebian: boolean = findKernel() !== undefined && existsSync(join(folder, 'bin/busybox'))
export const missingDebian = `Debian's kernel and busybox-static are not in ${folder} (.ci/run puts them there)`

function findKernel(): string | undefined {
  const boot = join(folder, 'boot')
  const names = existsSync(boot) ? readdirSync(boot).filter((name) => name.startsWith('vmlinuz-')) : []
  return names.length === 0 ? undefined : join(boot, names.toSorted().at(-1)!)
}

export function openDebian(): Debian {
  const path = findKernel()
  if (path === undefined) throw new Error(missingDebian)
  const release = basename(path).slice('vmlinuz-'.length)
  const root = join(folder, 'lib/modules', release)
  const files = new Map(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ko'))
      .map((file) => [moduleName(basename(file, '.ko')), join(root, file)]),
  )
  return {
    kernel: readFileSync(path),
    release,
    busybox: readFileSync(join(folder, 'bin/busybox')),
    modules: (...names) => {
      const found = new Map<string, Uint8Array>()
      const add = (name: string): void => {
        const file = files.get(name)
        if (found.has(name) || file === undefined) return
        const data = readFileSync(file)
        for (const needed of dependencies(data)) add(needed)
        found.set(name, data)
      }
      for (const name of names) add(moduleName(name))
      return [...found].map(([name, data]) => ({ name, data }))
    },
  }
}

function moduleName(text: string): string {
  return text.replaceAll('-', '_')
}

/** What a module says in its section .modinfo. */
function dependencies(module: Buffer): string[] {
  const match = /\0depends=([^\0]*)\0/.exec(module.toString('latin1'))
  return (match?.[1] ?? '').split(',').filter(Boolean).map(moduleName)
}
