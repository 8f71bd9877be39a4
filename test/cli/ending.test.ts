import { expect, test } from 'vitest'
import { describeEnd } from '../../src/cli/ending.ts'
import type { Exit } from '../../src/index.ts'
import { Symbols } from '../../src/debug/symbols/symbols.ts'
import { buildApp } from '../../src/toolchain/index.ts'

const app = new URL('../../src/app/hello.ts', import.meta.url).pathname

test(
  'a triple fault is told with error codes, and by names where the image has them',
  { timeout: 60_000 },
  async () => {
    const { image } = await buildApp(app, { link: 'direct' })
    const [main] = Symbols.fromImage(image).find('main')
    const chain = [
      { name: '#PF', error: 2 },
      { name: '#DF', error: 0 },
      { name: '#UD', error: null },
    ]
    const at = (address: bigint): Exit =>
      ({
        message: 'plain',
        tripleFault: { chain, rip: `0x${address.toString(16)}`, cr2: '0x10' },
      }) as unknown as Exit
    expect(describeEnd(at(main!.address + 4n), image)).toMatch(
      /^triple fault: #PF\(0x2\), then #DF\(0x0\), then #UD at RIP 0x[0-9a-f]+ \(main\+0x4, \w+\.ts:\d+\), CR2 0x10$/,
    )
    expect(describeEnd(at(0x10n), image)).toMatch(/#UD at RIP 0x10, CR2 0x10$/)
    expect(describeEnd(at(0x10n), null)).toBe('plain')
  },
)
