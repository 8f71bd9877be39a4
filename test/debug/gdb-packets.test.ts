/** What comes in at the port is anybody's: whatever it is, there is an answer, and the next question is answered too. */
import { describe, expect, test } from 'vitest'
import { framePacket, fromHex, PacketReader, toHex } from '../../src/debug/gdb/packet.ts'
import { GdbServer } from '../../src/debug/gdb/server.ts'
import { Target } from '../../src/debug/target.ts'
import { createRandom } from '../devices/support/random.ts'
import * as guests from '../machine/support/guests.ts'
import { buildImage } from '../machine/support/image.ts'
import { Timeline } from './support/timeline.ts'

const SEED = Number(process.env.ONERING_SEED ?? Date.now() % 2 ** 31)
const latin1 = new TextDecoder('latin1')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

class Client {
  readonly server: GdbServer
  readonly target: Target
  readonly #reader = new PacketReader()
  #answers: string[] = []
  /** How often the machine may be asked whether somebody wants to be heard. */
  patience = 0

  constructor(program: Uint8Array) {
    const timeline = new Timeline({ image: buildImage(program, { protocol: 'pvh' }) }, true)
    this.target = new Target(timeline.history!, () => this.patience-- <= 0)
    this.server = new GdbServer(this.target, (bytes) => {
      for (const incoming of this.#reader.read(bytes))
        if (incoming.kind === 'packet') this.#answers.push(latin1.decode(incoming.data))
    })
    this.server.connected()
  }

  /** The answers to raw bytes; the machine runs a little if it is to run. */
  raw(bytes: Uint8Array): string[] {
    this.#answers = []
    this.server.receive(bytes)
    for (let i = 0; i < 3 && this.server.isMoving; i++) {
      this.patience = 3
      this.server.move()
    }
    return this.#answers
  }

  ask(text: string): string {
    return this.raw(framePacket(text)).at(-1) ?? ''
  }
}

describe('packets', () => {
  test('come apart as they were put together, whatever is in them', () => {
    const random = createRandom(SEED)
    for (let i = 0; i < 200; i++) {
      const data = Uint8Array.from({ length: random(60) }, () => random(256))
      const framed = framePacket(latin1.decode(data).replaceAll(/[^\0-\xff]/g, '?'))
      const cut = random(framed.length)
      const reader = new PacketReader()
      const found = [...reader.read(framed.subarray(0, cut)), ...reader.read(framed.subarray(cut))]
      expect(found).toHaveLength(1)
      expect(found[0]!.kind).toBe('packet')
    }
    expect(new PacketReader().read(bytesOf('$g#00'))).toEqual([{ kind: 'damaged' }])
    const [cut, whole] = new PacketReader().read(bytesOf('$g#6$qC#b4'))
    expect([cut?.kind, whole?.kind]).toEqual(['damaged', 'packet'])
    expect(new PacketReader().read(bytesOf('\x03-'))).toEqual([{ kind: 'interrupt' }, { kind: 'resend' }])
    expect(toHex(fromHex('00ff7d')!)).toBe('00ff7d')
    expect(fromHex('0g')).toBeNull()
  })

  test.each([
    ['m', 'E22'],
    ['m0,zz', 'E22'],
    ['mffffffffffffff00,10', 'E14'],
    ['M100000,4:00', 'E22'],
    ['X100000,4:abc', 'E22'],
    ['X100000', 'E22'],
    ['pffff', 'E22'],
    ['P0=12', 'E22'],
    ['P11=', 'E22'],
    ['G00', 'E22'],
    ['Z2,100000,0', 'E22'],
    ['Z2,100000,ffffff', 'E22'],
    ['Z9,0,1', ''],
    ['vCont', 'E22'],
    ['vCont;r', 'E22'],
    ['vMustReplyEmpty', ''],
    ['qXfer:features:read:other.xml:0,10', 'E00'],
    ['qXfer:features:read:target.xml:ffffff,10', 'l'],
    ['qRcmd,0', 'E22'],
    ['bx', ''],
    ['\0', ''],
    ['', ''],
  ])('%j gets %j', (packet, answer) => {
    expect(new Client(guests.spin).ask(packet)).toBe(answer)
  })

  test('more points than there is room for are refused', () => {
    const client = new Client(guests.spin)
    const answers = Array.from({ length: 40 }, (_, i) => client.ask(`Z0,${(0x1000 + i).toString(16)},1`))
    expect(answers.filter((answer) => answer === 'OK')).toHaveLength(32)
    expect(answers.at(-1)).toBe('E28')
  })

  test('nonsense and half-sense, at random', () => {
    console.log(`replay: ONERING_SEED=${SEED} npx vitest run test/debug/gdb-packets.test.ts`)
    const random = createRandom(SEED)
    const heads = [...'?gGpPmMXzZcsCSbDHTqQv!RtiI']
    const words = [
      'vCont;c',
      'vCont;s',
      'vCont;r',
      'qSupported',
      'qXfer:features:read:target.xml:',
      'qRcmd,',
      'Z2,',
      'z0,',
      'bs',
      'bc',
      'P',
      'M100000,',
    ]
    const letters = '0123456789abcdef,;:=#$}*x\0\xff'
    const client = new Client(guests.lapicTimer)
    for (let i = 0; i < 1500; i++) {
      const tail = Array.from({ length: random(24) }, () => letters[random(letters.length)]!).join('')
      const head = random(2) === 0 ? heads[random(heads.length)]! : words[random(words.length)]!
      if (random(8) === 0) client.raw(Uint8Array.from({ length: random(80) }, () => random(256)))
      else client.raw(framePacket(head + tail))
      // Gone, perhaps; then somebody else comes.
      if (client.server.isMoving || random(20) === 0) client.server.connected()
      expect(client.ask('qC')).toBe('QC01')
    }
  })
})
