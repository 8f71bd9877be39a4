/** The tests of a built checkout of kvm-unit-tests, as its `x86/unittests.cfg` describes them. */
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface UnitTest {
  readonly name: string
  readonly arch: 'x86_64' | 'i386'
  /** The image, a multiboot file. */
  readonly path: string
  readonly args: string
  readonly smp: number
  /** What it wants of QEMU, split into words. */
  readonly qemuParams: readonly string[]
  readonly groups: readonly string[]
  /** Seconds. */
  readonly timeout: number
}

/** Folders of built checkouts, one for each architecture. */
export const folders: readonly string[] = (process.env.ONERING_KVM_UNIT_TESTS ?? '')
  .split(delimiter)
  .filter((folder) => folder !== '')

export function readSuite(): UnitTest[] {
  return folders.flatMap(readFolder)
}

function readFolder(folder: string): UnitTest[] {
  const file = (name: string): string => {
    const path = join(folder, name)
    if (!existsSync(path))
      throw new Error(`ONERING_KVM_UNIT_TESTS: ${path} is not there; run ./configure and make in ${folder}`)
    return readFileSync(path, 'utf8')
  }
  const arch = /^ARCH=(x86_64|i386)$/m.exec(file('config.mak'))?.[1] as UnitTest['arch'] | undefined
  if (!arch) throw new Error(`ONERING_KVM_UNIT_TESTS: ${folder} is not configured for x86_64 or i386`)
  return sections(file('x86/unittests.cfg'))
    .filter(({ fields }) => (fields.arch ?? arch) === arch)
    .map(({ name, fields }) => ({
      name,
      arch,
      path: join(folder, 'x86', fields.file!),
      args: unquote(fields.test_args ?? ''),
      smp: Number(fields.smp ?? 1),
      qemuParams: (fields.qemu_params ?? '').split(/\s+/).filter((word) => word !== ''),
      groups: (fields.groups ?? '').split(/\s+/).filter((word) => word !== ''),
      timeout: Number(fields.timeout ?? 90),
    }))
}

function sections(text: string): { name: string; fields: Record<string, string> }[] {
  const found: { name: string; fields: Record<string, string> }[] = []
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const [, name] = /^\[(.+)\]$/.exec(line) ?? []
    const [, key, value] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? []
    if (name !== undefined) found.push({ name, fields: {} })
    else if (key !== undefined) found.at(-1)!.fields[key] = value!
  }
  return found
}

const unquote = (text: string): string => text.replaceAll(/^['"]|['"]$/g, '')
