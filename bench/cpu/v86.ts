/** Boots a flat multiboot image in v86 and prints what it writes on COM1, until the line `done`: `npx tsx bench/cpu/v86.ts IMAGE`. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { V86 } from 'v86'

const [image] = process.argv.slice(2)
if (image === undefined) throw new Error('name an image')
const { buffer } = new Uint8Array(readFileSync(image))
const wasm = createRequire(import.meta.url).resolve('v86/build/v86.wasm')
const emulator = new V86({
  wasm_path: wasm,
  multiboot: { buffer },
  memory_size: 128 << 20,
  autostart: true,
  disable_keyboard: true,
  disable_mouse: true,
  disable_speaker: true,
})
let line = ''
emulator.add_listener('serial0-output-byte', (byte: number) => {
  if (byte !== 10) {
    line += String.fromCharCode(byte)
    return
  }
  process.stdout.write(`${line}\n`)
  if (line === 'done') process.exit(0)
  line = ''
})
