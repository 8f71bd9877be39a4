/** Debian's kernel: from the start of the process to a shell, and two programs on 64 MB there. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasDebian, missingDebian, openDebian } from '../../test/linux/support/debian.ts'
import { buildInitramfs } from '../../test/linux/support/initramfs.ts'
import type { GroupOptions, Prepared } from './groups.ts'
import { onering, qemu } from './machines.ts'
import { time } from './timing.ts'

const MEGABYTES = 64

/** The same bytes everywhere: lines of text that gzip has something to do with. */
const script = (megabytes: number): string =>
  [
    'echo end boot',
    `seq 1 100000000 | head -c ${megabytes * 2 ** 20} >/tmp/data`,
    'echo begin gzip',
    'echo end gzip $(gzip -c /tmp/data | wc -c)',
    'echo begin sha256sum',
    'echo end sha256sum $(sha256sum </tmp/data | cut -c1-16)',
    'poweroff -f',
  ].join('\n')

export function linuxGroup({ folder, scale }: GroupOptions): Prepared {
  if (!hasDebian) return { missing: missingDebian }
  const debian = openDebian()
  const [kernel, initrd] = [join(folder, 'vmlinuz'), join(folder, 'initrd')]
  writeFileSync(kernel, debian.kernel)
  const megabytes = Math.max(1, Math.round(MEGABYTES * scale))
  writeFileSync(initrd, buildInitramfs(debian, { script: script(megabytes) }))
  const options = { fromStart: 'boot' }
  const ours = onering(kernel, '--initrd', initrd, '--append', 'console=ttyS0', '--memory', '512M')
  const theirs = qemu(kernel, '-initrd', initrd, '-append', 'console=ttyS0')
  return {
    title: `Linux ${debian.release}: boot, gzip and sha256sum of ${megabytes} MB`,
    isCompute: false,
    runs: [
      { machine: 'onering', start: () => time(ours, options) },
      { machine: 'QEMU', start: () => time(theirs, options) },
    ],
  }
}
