import { closeSync, openSync, writeSync } from 'node:fs'
import { describe, NetError } from './errors.ts'
import type { Link } from './link.ts'

/** Classic pcap: https://www.tcpdump.org/manpages/pcap-savefile.5.html */
const MAGIC = { us: 0xa1b2_c3d4, ns: 0xa1b2_3c4d } as const
const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16
const LINKTYPE_ETHERNET = 1
const BUFFER_BYTES = 256 << 10
const FLUSH_AFTER_MS = 500

export interface PcapOptions {
  /** Unit of the time stamps. Default `ns`. */
  precision?: 'us' | 'ns'
  /** Bytes kept of each frame. Default, and at most, 262,128. */
  snapLength?: number
  /** Nanoseconds since 1970 of now. Default: the host's clock. */
  now?: () => bigint
  /** Told once when the file cannot be written any more, a full disk for example; the link goes on. */
  onError?: (error: NetError) => void
}

/**
 * Records all frames of a link, both ways, in a pcap file that tcpdump and Wireshark read. What is buffered reaches
 * the file within half a second, and when the link is closed, which closes `link` too. Throws a `NetError` when the
 * file cannot be made.
 */
export function pcapLink(link: Link, path: string, options: PcapOptions = {}): Link {
  const file = new PcapFile(path, options)
  const recorder: Link = {
    onFrame: null,
    send(frame) {
      file.write(frame)
      link.send(frame)
    },
    close() {
      link.close()
      file.close()
    },
  }
  link.onFrame = (frame) => {
    file.write(frame)
    recorder.onFrame?.(frame)
  }
  return recorder
}

/** A pcap file being written, without a link around it. */
export class PcapFile {
  readonly #path: string
  readonly #options: PcapOptions
  readonly #snapLength: number
  readonly #buffer: Buffer = Buffer.alloc(BUFFER_BYTES)
  #fd: number | null
  #used = 0
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(path: string, options: PcapOptions = {}) {
    this.#path = path
    this.#options = options
    this.#snapLength = Math.min(options.snapLength ?? 262_144, BUFFER_BYTES - RECORD_HEADER_BYTES)
    try {
      this.#fd = openSync(path, 'w')
    } catch (error) {
      throw new NetError('file', `cannot write the packet capture: ${describe(error)}`, error)
    }
    this.#append(fileHeader(MAGIC[options.precision ?? 'ns'], this.#snapLength))
    this.#flush()
  }

  /** Adds a frame with the time of now. */
  write(frame: Uint8Array): void {
    if (this.#fd === null) return
    const { precision = 'ns', now = hostNow } = this.#options
    const kept = Math.min(frame.length, this.#snapLength)
    if (this.#used + RECORD_HEADER_BYTES + kept > BUFFER_BYTES) this.#flush()
    const ns = now()
    const header = Buffer.alloc(RECORD_HEADER_BYTES)
    header.writeUInt32LE(Number((ns / 1_000_000_000n) & 0xffff_ffffn), 0)
    header.writeUInt32LE(Math.floor(Number(ns % 1_000_000_000n) / (precision === 'ns' ? 1 : 1000)), 4)
    header.writeUInt32LE(kept, 8)
    header.writeUInt32LE(frame.length, 12)
    this.#append(header)
    this.#append(frame.subarray(0, kept))
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_AFTER_MS).unref()
  }

  /** Writes what is buffered and closes the file. May be called again. */
  close(): void {
    this.#flush()
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #append(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#used)
    this.#used += bytes.length
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#fd === null) return
    try {
      for (let at = 0; at < this.#used;) at += writeSync(this.#fd, this.#buffer, at, this.#used - at)
    } catch (error) {
      closeSync(this.#fd)
      this.#fd = null
      this.#options.onError?.(
        new NetError('file', `the packet capture ${this.#path} ends here: ${describe(error)}`, error),
      )
    }
    this.#used = 0
  }
}

function fileHeader(magic: number, snapLength: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES)
  header.writeUInt32LE(magic, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(snapLength, 16)
  header.writeUInt32LE(LINKTYPE_ETHERNET, 20)
  return header
}

function hostNow(): bigint {
  const us = Math.round((performance.timeOrigin + performance.now()) * 1000)
  return BigInt(us) * 1000n
}
