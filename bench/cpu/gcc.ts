/** `bench/guest/programs.c` by gcc: as a program for this computer, and as code that stands alone at CODE. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the code of a guest lies, and the memory that it may use. */
export const CODE = 0x11_0000
const HEAP = 0x40_0000

const SOURCE = 'bench/guest/programs.c'
const common = ['-O2', '-fno-optimize-sibling-calls', SOURCE]
const standalone =
  '-ffreestanding -nostdlib -static -fno-pic -no-pie -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables'.split(
    ' ',
  )
const linkerScript = `SECTIONS {
  . = ${CODE};
  .all : { *(.start) *(.text*) *(.rodata*) *(.data*) *(.bss*) *(COMMON) }
  /DISCARD/ : { *(.eh_frame*) *(.note*) *(.comment) }
}`

const byBits = {
  64: ['-m64', '-mno-red-zone'],
  // 32-bit code as old as its mode: floating point on the x87 unit.
  32: ['-m32', '-march=i686', '-mfpmath=387', '-mno-sse'],
} as const

export interface Sizes {
  /** 1: what figures are quoted for. */
  readonly scale: number
}

export function compileNative(folder: string, { scale }: Sizes): string {
  const out = join(folder, 'programs')
  execFileSync('gcc', ['-DNATIVE', `-DSCALE=${scale}`, ...common, '-o', out], { stdio: 'inherit' })
  return out
}

/** Path of the bare code, which is entered at its first byte. */
export function compileGuest(folder: string, bits: 64 | 32, { scale }: Sizes): string {
  const out = join(folder, `programs${bits}.bin`)
  const script = join(folder, 'programs.ld')
  writeFileSync(script, linkerScript)
  const linker = [
    `-Wl,-T,${script}`,
    '-Wl,--build-id=none',
    '-Wl,--oformat=binary',
    '-Wl,--no-warn-rwx-segments',
  ]
  const defines = [`-DSCALE=${scale}`, `-DHEAP=${HEAP}`]
  const options = [...byBits[bits], ...standalone, ...defines, ...common, ...linker]
  execFileSync('gcc', [...options, '-o', out], { stdio: 'inherit' })
  return out
}
