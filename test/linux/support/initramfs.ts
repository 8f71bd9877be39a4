/**
 * An initial RAM disk with busybox and modules of Debian's kernel, whose `init` loads the modules, runs a script and ends in a shell.
 * As a program: `npx tsx test/linux/support/initramfs.ts OUT.cpio [MODULE…]`, for `onering run vmlinuz --initrd OUT.cpio`.
 */
import { writeFileSync } from 'node:fs'
import { type CpioEntry, writeCpio } from './cpio.ts'
import { PROMPT } from './console.ts'
import { type Debian, openDebian } from './debian.ts'

const FOLDER = 0o040755
const PROGRAM = 0o100755
const FILE = 0o100644
const LINK = 0o120777
const CHARACTER_DEVICE = 0o020600

/** The card, the disk, random numbers, what DHCP needs of sockets, file systems. */
export const MODULES: readonly string[] = [
  'virtio_pci',
  'virtio_net',
  'virtio_blk',
  'virtio_console',
  'virtio_rng',
  'af_packet',
  'ext4',
  'crc32c_generic',
  '9p',
  '9pnet_virtio',
]

export interface InitramfsOptions {
  readonly modules?: readonly string[]
  /** Shell commands between the modules and the prompt. */
  readonly script?: string
  readonly files?: readonly CpioEntry[]
}

/** Busybox as every program it can be, devices, and `init`. */
export function buildInitramfs(debian: Debian, options: InitramfsOptions = {}): Uint8Array {
  const modules = debian.modules(...(options.modules ?? MODULES))
  const folders = [
    'bin',
    'sbin',
    'usr',
    'usr/bin',
    'usr/sbin',
    'root',
    'dev',
    'proc',
    'sys',
    'etc',
    'tmp',
    'mnt',
    'lib',
    'lib/modules',
  ]
  return writeCpio([
    ...folders.map((path) => ({ path, mode: FOLDER })),
    { path: 'dev/console', mode: CHARACTER_DEVICE, device: [5, 1] },
    { path: 'bin/busybox', mode: PROGRAM, data: debian.busybox },
    { path: 'bin/sh', mode: LINK, data: 'busybox' },
    ...modules.map(({ name, data }) => ({ path: `lib/modules/${name}.ko`, mode: FILE, data })),
    { path: 'etc/udhcpc', mode: PROGRAM, data: UDHCPC },
    { path: 'init', mode: PROGRAM, data: initScript(modules, options.script ?? '') },
    ...(options.files ?? []),
  ])
}

/** What udhcpc calls when it has an address. */
const UDHCPC = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router"
for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
`

function initScript(modules: readonly { name: string }[], script: string): string {
  return `#!/bin/sh
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin PS1='${PROMPT}'
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
${modules.map(({ name }) => `insmod /lib/modules/${name}.ko`).join('\n')}
${script}
exec setsid cttyhack sh
`
}

if (import.meta.filename === process.argv[1]) {
  const [out, ...modules] = process.argv.slice(2)
  if (out === undefined) throw new Error('say where to write the archive')
  writeFileSync(out, buildInitramfs(openDebian(), modules.length > 0 ? { modules } : {}))
}
