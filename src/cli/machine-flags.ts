/** What every command that runs a machine has for options. */
import type { Command } from 'cac'
import { CPU_MODELS } from '../index.ts'
import { linkHelp } from './image.ts'

/** The flags of `machineOptions` as the command line gives them: text, or a list where an option was repeated, or a number that looked like one. */
export interface MachineFlags {
  link: string
  memory: string | number
  cpu: string
  p?: string | number | (string | number)[]
  net: string
  hostLoopback?: boolean
  pcap?: string
  faults?: string
  initrd?: string
  append?: string
  console: string
  share?: string | string[]
  drive?: string | number | (string | number)[]
  linuxEntry?: string | number
  device?: string | string[]
  cdrom?: string | string[]
  bios?: string
  vgabios?: string
  boot?: string
  reboot?: boolean
  firmwareLog?: string
  display: string
  engine: string
  seed?: string | number
  timeout?: string | number
  maxInstructions?: string | number
  idle: string
  restore?: string
  quiet?: boolean
}

/** What every command that runs a machine has: what the machine is, what it boots, how long it runs. */
export function machineOptions(command: Command): Command {
  return command
    .option('--link <mode>', linkHelp, {
      default: 'direct',
    })
    .option('--memory <size>', "The machine's RAM", { default: '256M' })
    .option('--cpu <model>', `The processor: ${CPU_MODELS.join(', ')}; then ,+FEATURE and ,-FEATURE`, {
      default: 'max',
    })
    .option(
      '-p <host:guest>',
      'Forward a port of this computer: 7007:7, 5353:53/udp, 0.0.0.0:80:80; repeatable',
    )
    .option('--net <network>', 'user, none, or stream:SOCKET for QEMU and passt', { default: 'user' })
    .option('--host-loopback', "Let the guest reach this computer's own services at 10.0.2.2")
    .option('--pcap <file>', 'Capture every frame')
    .option(
      '--faults <faults>',
      'Harm frames both ways: loss=5%,duplicate=1%,reorder=2%,delay=2ms,jitter=1ms',
    )
    .option('--initrd <file>', 'A file that the guest finds in memory: the initial RAM disk of Linux')
    .option('--append <text>', "The guest's command line")
    .option('--console <console>', 'What the terminal is attached to: serial or virtio (hvc0)', {
      default: 'serial',
    })
    .option(
      '--drive <file>',
      'A disk from a raw image: FILE[,if=virtio|ide][,readonly][,format=raw][,serial=TEXT]; repeatable',
    )
    .option('--cdrom <file>', 'A CD image in a drive at IDE; repeatable')
    .option(
      '--bios <file>',
      'Start with this BIOS and boot from the drives, as in --bios /usr/share/seabios/bios-256k.bin',
    )
    .option(
      '--vgabios <file>',
      'Option ROM of the video card; vgabios-stdvga.bin beside the BIOS is found by itself',
    )
    .option('--boot <order>', 'What a BIOS boots from: c disk, d CD, a floppy disk, n network; dc,menu asks')
    .option(
      '--display <what>',
      'What this terminal shows and types on: the serial port, or vga, the text screen and the keyboard',
      {
        default: 'serial',
      },
    )
    .option('--no-reboot', 'With a BIOS, a reset ends the machine')
    .option('--firmware-log <file>', 'What firmware writes to its debug ports, 0x402 and 0xe9')
    .option('--share <dir>', 'A folder that the guest may mount (9p): DIR[:TAG][,writable]; repeatable')
    .option('--linux-entry <bits>', 'The entry of a Linux kernel to take: 16, 32 or 64')
    .option('--device <device>', 'An additional device: pc-testdev, for kvm-unit-tests')
    .option('--engine <engine>', 'auto, interpreter, or jit to translate all code at once', {
      default: 'auto',
    })
    .option('--seed <number>', 'Makes random numbers and network faults the same in each run')
    .option('--timeout <seconds>', 'Stop after so many seconds, with status 124')
    .option('--max-instructions <n>', 'Stop after exactly so many instructions, with status 124')
    .option(
      '--idle <how>',
      'wait: a halted guest sleeps until its next event; leap: virtual time goes there at once',
      {
        default: 'wait',
      },
    )
    .option('--restore <file>', 'Go on from a snapshot, instead of booting an image')
    .option('--quiet', 'Print nothing but what the guest writes')
}
