import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp, ways, type BuildOptions } from '../../src/toolchain/index.ts'

/** Link modes that QEMU's processor can run: it has no FRED. */
export const qemuWays = ways.filter((way) => way !== 'trap:fred')

const folder = mkdtempSync(join(tmpdir(), 'onering-test-'))

/** Builds an application of the project and returns the path of its image. */
export async function image(app: string, options: BuildOptions): Promise<string> {
  const path = new URL(`../../${app}`, import.meta.url).pathname
  const name = `${app.replaceAll(/\W/g, '-')}-${options.link}-${options.multiboot ?? true}.elf`
  const { image: bytes } = await buildApp(path, options)
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}

/** What a guest has written, without what firmware writes on the same port before it. */
export function guestText(lines: readonly { readonly text: string }[]): string {
  return lines.map(({ text }) => text.replace(/^.*Booting from ROM\.\./, '').replaceAll('\r', '')).join('\n')
}
