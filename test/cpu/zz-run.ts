import { readFileSync, writeFileSync } from 'node:fs'
import { createMachine } from './machine.ts'
import { ImageBuilder, BASE, parseReport } from './system-image.ts'
import { systemAttempts } from './system-attempts.ts'
import { execFileSync, spawnSync } from 'node:child_process'
const b = new ImageBuilder()
const image = b.build(systemAttempts)
writeFileSync('/tmp/as/image.bin', image)
function ours() {
  const m = createMachine(32)
  const bytes: number[] = []
  let done = false
  m.bus.ioWrite = (port, size, v) => {
    if (port === 0xe9) bytes.push(v & 255)
    if (port === 0xf4) {
      done = true
      m.cpu.interruptRun()
    }
  }
  m.ram.set(image, BASE)
  m.cpu.rip = BigInt(BASE + 0x20)
  m.cpu.setGpr(0, 0x2badb002n)
  const t = performance.now()
  let end = ''
  for (let i = 0; i < 200 && !done; i++) {
    end = m.cpu.run(1_000_00)
    if (end !== 'budget') break
  }
  console.log(
    end,
    done,
    m.cpu.retired,
    (performance.now() - t).toFixed(0) + ' ms',
    m.cpu.rip.toString(16),
    m.cpu.describeTripleFault(),
  )
  return Uint8Array.from(bytes)
}
function qemu(accel: string, cpu: string) {
  const r = spawnSync(
    'qemu-system-x86_64',
    [
      '-accel',
      accel,
      '-cpu',
      cpu,
      '-m',
      '32',
      '-display',
      'none',
      '-nodefaults',
      '-no-reboot',
      '-debugcon',
      'stdio',
      '-device',
      'isa-debug-exit,iobase=0xf4,iosize=4',
      '-kernel',
      '/tmp/as/image.bin',
    ],
    { timeout: 20000, maxBuffer: 1 << 26 },
  )
  console.log(
    accel,
    r.status,
    r.stderr
      .toString()
      .split('\n')
      .filter((l) => !l.includes('warning'))
      .join('\n'),
  )
  return new Uint8Array(r.stdout)
}
const a = parseReport(ours(), b.names)
const which = process.argv[2] ?? 'tcg'
const q = parseReport(
  which === 'tcg'
    ? qemu('tcg', 'qemu64,+smep,+smap,+umip,+fsgsbase,+nx,+pdpe1gb')
    : qemu('kvm', 'EPYC,-x2apic'),
  b.names,
)
console.log('ours', a.size, 'qemu', q.size, 'of', b.names.length)
const fields = [
  'vector',
  'error',
  'rip',
  'cs',
  'rflags',
  'rsp',
  'ss',
  'frame',
  'CS',
  'SS',
  'DS',
  'ES',
  'FS',
  'GS',
  'RFLAGS',
  'CR2',
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsi',
  'rdi',
  'rbp',
  'r11',
]
let n = 0
for (const name of b.names) {
  const x = a.get(name),
    y = q.get(name)
  if (JSON.stringify(x) === JSON.stringify(y)) continue
  n++
  if (n > 60) continue
  const diff: string[] = []
  const len = Math.max(x?.length ?? 0, y?.length ?? 0)
  for (let i = 0; i < len; i++)
    if (x?.[i] !== y?.[i]) diff.push(`${(len >= 24 ? fields[i % 24] : '') || i}: ${x?.[i]} / ${y?.[i]}`)
  console.log(`${name} [${x?.length},${y?.length}]: ${diff.slice(0, 12).join('  ')}`)
}
console.log('different', n)
