/** Debian's kernel on what else a PC has: HPET, PS/2 keyboard, power button, sleep and waking by the clock. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Console, PROMPT } from './support/console.ts'
import { hasDebian, missingDebian, openDebian } from './support/debian.ts'
import { buildInitramfs } from './support/initramfs.ts'

const BOOT_MS = 600_000
const STEP_MS = 120_000
/** struct input_event: a time of 16 bytes, type, code, value. */
const EVENT_BYTES = 24
const TYPE_OFFSET = 16
const EV_KEY = 1
const KEY_A = 30
const KEY_POWER = 116

describe.skipIf(!hasDebian)(hasDebian ? 'the platform' : `the platform: ${missingDebian}`, () => {
  let console_: Console
  beforeAll(async () => {
    const debian = openDebian()
    console_ = await Console.start({
      image: debian.kernel,
      modules: [{ data: buildInitramfs(debian, { modules: ['virtio_pci', 'button', 'evdev'] }) }],
      cmdline: 'console=ttyS0 quiet',
      memory: 256 << 20,
      idle: 'leap',
      timeoutSeconds: BOOT_MS / 1000,
    })
    await console_.expect(PROMPT)
  }, BOOT_MS)
  afterAll(() => console_.stop())

  test(
    'HPET, keyboard, mouse port, DMA and power button are found, without a complaint',
    { timeout: STEP_MS },
    async () => {
      const log = await console_.command('dmesg')
      expect(log).toContain('hpet0: 3 comparators, 64-bit 100.000000 MHz counter')
      expect(log).toMatch(/i8042: PNP: PS\/2 Controller \[PNP0303:KBD,PNP0f13:MOU\] at 0x60,0x64 irq 1,12/)
      expect(log).toContain('input: AT Translated Set 2 keyboard')
      expect(log).toContain('input: Power Button')
      expect(log).toContain('(supports S0 S3 S5)')
      expect(await console_.command('dmesg -r | grep "^<[0-4]>"')).toBe('')
      expect(
        await console_.command('cat /sys/devices/system/clocksource/clocksource0/available_clocksource'),
      ).toContain('hpet')
    },
  )

  /** Type and code of an event of an input device after something was done; `skip`: how many come before it. */
  const eventOf = async (name: string, skip: number, act: () => void): Promise<number[]> => {
    await console_.command('cd /sys/class/input')
    const device = (await console_.command(`grep -l "${name}" event*/device/name | cut -d/ -f1`)).trim()
    const [bytes, at] = [EVENT_BYTES * (skip + 1), EVENT_BYTES * skip + TYPE_OFFSET]
    console_.type(`echo listening; head -c ${bytes} /dev/input/${device} | od -An -tu2 -j${at} -N4\n`)
    await console_.expect('\r\nlistening')
    // What is done before the device is open is heard by nobody.
    const again = setInterval(act, 200)
    const event = await console_.expect(PROMPT)
    clearInterval(again)
    return event.trim().split(/\s+/).map(Number)
  }

  test('a key is heard', { timeout: STEP_MS }, async () => {
    // The scan code comes before the key.
    expect(await eventOf('keyboard', 1, () => console_.press('KeyA'))).toEqual([EV_KEY, KEY_A])
  })

  test('the clock comes by HPET, when that is asked for', { timeout: STEP_MS }, async () => {
    const folder = '/sys/devices/system/clocksource/clocksource0'
    await console_.command(`echo hpet > ${folder}/current_clocksource`)
    expect(await console_.command(`cat ${folder}/current_clocksource`)).toBe('hpet\n')
    // In one line: between lines an idle guest's time leaps on.
    const uptime = 'cut -d" " -f1 /proc/uptime'
    const [from, to] = (await console_.command(`${uptime}; sleep 2; ${uptime}`)).split('\n').map(Number)
    const passed = to! - from!
    expect(passed).toBeGreaterThanOrEqual(2)
    expect(passed).toBeLessThan(2.5)
  })

  test('sleeps in S3, and the clock wakes it', { timeout: STEP_MS }, async () => {
    await console_.command('echo 0 > /sys/class/rtc/rtc0/wakealarm; echo +3 > /sys/class/rtc/rtc0/wakealarm')
    const said = await console_.command('cat /sys/power/mem_sleep; echo mem > /sys/power/state; echo back')
    expect(said).toContain('[deep]')
    expect(said).toContain('back\n')
    expect(await console_.command('cat /sys/power/suspend_stats/success')).toBe('1\n')
    expect(await console_.command('echo $((6 * 7))')).toBe('42\n')
  })

  test('the power button is heard', { timeout: STEP_MS }, async () => {
    expect(await eventOf('Power Button', 0, () => console_.pressPowerButton())).toEqual([EV_KEY, KEY_POWER])
    console_.type('poweroff -f\n')
    expect(await console_.exit).toMatchObject({ reason: 'power-off', status: 0 })
  })
})
