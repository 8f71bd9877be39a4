import type { CAC } from 'cac'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { styleText } from 'node:util'
import { cyclesOf } from '../bench/model.ts'
import { isInstruction } from '../bench/profiles/profile.ts'
import { Symbols } from '../debug/symbols/symbols.ts'
import { headerLine, plain, type Paint } from '../debug/trace/lines.ts'
import { PerfettoLanes } from '../debug/trace/perfetto/lanes.ts'
import { TrackEventWriter } from '../debug/trace/perfetto/track-events.ts'
import type { Pricing } from '../debug/trace/pricing.ts'
import { TraceReader } from '../debug/trace/reader.ts'
import { type Edge, type Filter, parseEdge, Window } from '../debug/trace/selection.ts'
import { missing, summaryLines } from '../debug/trace/summary.ts'
import { causeNames } from '../debug/trace/transition.ts'
import { View } from '../debug/trace/view.ts'
import type { Exit } from '../index.ts'
import { UsageError } from './errors.ts'
import { COST_HELP, DEFAULT_PROFILE, type ModelFlags, parseProfile, PROFILE_HELP } from './model.ts'
import { parseCount } from './options.ts'
import { createProgress } from './progress.ts'
import { describeEnd } from './ending.ts'
import { showSideBySide } from './side-by-side.ts'
import { attach } from './attach.ts'
import { machineOptions, type MachineFlags } from './machine-flags.ts'
import { prepare } from './prepare.ts'

const FILE_BUFFER_BYTES: number = 1 << 20

interface TraceFlags extends MachineFlags, ModelFlags {
  cause?: string
  ring?: string
  in?: string
  from?: string | number
  to?: string | number
  count?: string | number
  steps?: boolean
  brief?: boolean
  summary?: boolean
  json?: boolean
  sideBySide?: string
  call: string
  perfetto?: string
  calls?: boolean
  symbols?: string
}

/** `onering trace`: runs what `run` runs, and shows its transitions between rings. */
export function defineTrace(cli: CAC): void {
  machineOptions(
    cli.command(
      'trace [image]',
      'Run an application or an image and show its transitions between rings as they happen',
    ),
  )
    .option('--cause <causes>', `Show only these: ${causeNames.join(', ')}, or #PF, 'irq 0x21', …`)
    .option('--ring <rings>', 'Show only these: 3-0, 0-3, *-0, or changes for all in which the ring changes')
    .option('--in <function>', 'Show only what happens in, or arrives at, this function')
    .option('--from <where>', 'Begin there: instructions (120000), virtual time (2.5ms), or a function')
    .option('--to <where>', 'End the run there: as --from')
    .option('--count <n>', 'End the run after so many lines')
    .option('--steps', 'Every micro-step of the processor below each line')
    .option('--brief', 'One line each, without what changed')
    .option('--summary', 'Nothing but the summary by cause')
    .option('--json', 'One JSON object a line, for programs')
    .option('--perfetto <file>', 'A trace for ui.perfetto.dev: lanes of rings, packets and functions')
    .option('--no-calls', 'In that file no functions, so that code goes on being translated')
    .option('--side-by-side <modes>', 'One call through two link modes, step by step: trap,direct')
    .option('--call <name>', 'Which call of the kernel that is', { default: 'write' })
    .option('--symbols <file>', 'Names for addresses: an ELF image, or System.map')
    .option('--profile <name>', PROFILE_HELP, { default: DEFAULT_PROFILE })
    .option('--cost <name=cycles>', COST_HELP)
    .example('onering trace echo-tcp.ts -p 7007:7 --link trap --ring changes')
    .example(
      'onering trace vmlinuz --initrd initrd.img --append console=ttyS0 --symbols System.map --summary',
    )
    .action(trace)
}

async function trace(path: string | undefined, flags: TraceFlags): Promise<number> {
  const progress = createProgress(process.stderr, flags.quiet === true)
  const filter = parseFilter(flags)
  const [from, to] = [edge(flags.from), edge(flags.to)]
  const count =
    flags.count === undefined
      ? Infinity
      : parseCount(String(flags.count), '--count', 1, Number.MAX_SAFE_INTEGER)
  const pricing = pricingOf(flags)
  if (flags.sideBySide !== undefined) {
    await showSideBySide(path, String(flags.sideBySide), String(flags.call), pricing, progress)
    return 0
  }
  const more = readSymbols(flags.symbols)
  const file = flags.perfetto === undefined ? null : new TraceFile(String(flags.perfetto))
  const waitsForFunction = from?.kind === 'symbol' || to?.kind === 'symbol'
  const calls = waitsForFunction || (file !== null && flags.calls !== false)
  const prepared = await prepare(path, flags, progress, process.stderr, { trace: { calls } })
  const { machine, image } = prepared
  const symbols = (image === null ? Symbols.none : Symbols.fromImage(image)).with(more)
  try {
    if (from?.kind === 'symbol') checkSymbol(symbols, from.name, '--from')
    if (to?.kind === 'symbol') checkSymbol(symbols, to.name, '--to')
    if (filter.symbol !== undefined) checkSymbol(symbols, filter.symbol, '--in')
  } catch (error) {
    machine.stop()
    throw error
  }
  const lanes =
    file === null
      ? null
      : new PerfettoLanes(
          new TrackEventWriter((packet) => file.write(packet), `onering ${path ?? ''}`),
          symbols,
        )

  const out = new Output()
  const isQuietView = flags.summary === true
  const view = new View({
    symbols,
    pricing,
    window: new Window(symbols, from, to),
    filter,
    format:
      flags.json === true
        ? 'json'
        : flags.steps === true
          ? 'steps'
          : flags.brief === true
            ? 'brief'
            : 'details',
    paint: process.stdout.isTTY && process.env.NO_COLOR === undefined ? colours : plain,
    print: isQuietView ? () => {} : (line) => out.line(line),
    lanes,
    most: count,
    end: () => machine.stop(),
  })
  const reader = new TraceReader(view)
  if (flags.json !== true && !isQuietView) out.line(headerLine())
  machine.on('trace', (bytes) => {
    reader.push(bytes)
    out.flush()
  })
  const exit = await attach(machine, prepared)
  lanes?.finish()
  file?.close()
  if (flags.json === true) out.line(JSON.stringify({ summary: view.summaryObject(), exit: exit.reason }))
  else for (const line of ['', ...summaryLines(view.summary, pricing.name)]) out.line(line)
  out.flush()
  if (flags.restore === undefined) checkCounts(view, reader, exit)
  if (view.hasEnded) return 0
  if (exit.reason !== 'power-off' && exit.reason !== 'debug-exit' && exit.reason !== 'stopped')
    process.stderr.write(`onering: ${describeEnd(exit, prepared.image)}\n`)
  return exit.status
}

/** Lines are written together: a guest makes many. */
class Output {
  #lines: string[] = []

  line(text: string): void {
    this.#lines.push(text)
  }

  flush(): void {
    if (this.#lines.length === 0) return
    process.stdout.write(`${this.#lines.join('\n')}\n`)
    this.#lines = []
  }
}

/** Packets are gathered, and written in large pieces. */
class TraceFile {
  readonly #file: number
  #pieces: Uint8Array[] = []
  #bytes = 0

  constructor(path: string) {
    try {
      this.#file = openSync(path, 'w')
    } catch (error) {
      throw new UsageError(
        `--perfetto ${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? error})`,
      )
    }
  }

  write(packet: Uint8Array): void {
    this.#pieces.push(packet)
    this.#bytes += packet.length
    if (this.#bytes > FILE_BUFFER_BYTES) this.#flush()
  }

  close(): void {
    this.#flush()
    closeSync(this.#file)
  }

  #flush(): void {
    writeSync(this.#file, Buffer.concat(this.#pieces))
    this.#pieces = []
    this.#bytes = 0
  }
}

const styles = { time: 'dim', inward: 'red', outward: 'green', detail: 'dim', frame: 'cyan' } as const
const colours: Paint = (style, text) => styleText(styles[style], text)

function edge(text: string | number | undefined): Edge | null {
  return text === undefined ? null : parseEdge(String(text))
}

function pricingOf(flags: ModelFlags): Pricing {
  const profile = parseProfile(flags)
  return { name: profile.name, cycles: (counts) => cyclesOf(counts, profile).total, isInstruction }
}

function readSymbols(path: string | undefined): Symbols {
  if (path === undefined) return Symbols.none
  let bytes: Uint8Array
  try {
    bytes = readFileSync(String(path))
  } catch (error) {
    throw new UsageError(
      `--symbols ${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`,
    )
  }
  const fromImage = Symbols.fromImage(bytes)
  const symbols = fromImage.isEmpty ? Symbols.fromSystemMap(new TextDecoder().decode(bytes)) : fromImage
  if (symbols.isEmpty)
    throw new UsageError(`--symbols ${path}: no symbols in it; give an ELF image or a System.map`)
  return symbols
}

function checkSymbol(symbols: Symbols, name: string, option: string): void {
  if (symbols.find(name).length > 0) return
  throw new UsageError(
    symbols.isEmpty
      ? `${option} ${name}: the image has no symbols; give some with --symbols FILE`
      : `${option} ${name}: no such function in the image`,
  )
}

function parseFilter({ cause, ring, in: symbol }: TraceFlags): Filter {
  return {
    ...(cause === undefined ? {} : { causes: String(cause).split(',').map(parseCause) }),
    ...(ring === undefined ? {} : { rings: parseRings(String(ring)) }),
    ...(symbol === undefined ? {} : { symbol: String(symbol) }),
  }
}

function parseCause(text: string): string {
  const cause = text.trim()
  if (causeNames.includes(cause) || /^(#[A-Z]{2}|NMI|(irq|int) 0x[0-9a-f]+|vector \d+)$/.test(cause))
    return cause
  throw new UsageError(
    `--cause ${cause}: unknown; choose ${causeNames.join(', ')}, or write #PF, 'irq 0x21', 'int 0x80'`,
  )
}

function parseRings(text: string): NonNullable<Filter['rings']> {
  if (text === 'changes') return { from: null, to: null, changes: true }
  const match = /^([0-3*])-([0-3*])$/.exec(text)
  if (!match) throw new UsageError(`--ring ${text}: write 3-0, 0-3, *-0, or changes`)
  const [from, to] = [match[1]!, match[2]!].map((ring) => (ring === '*' ? null : Number(ring))) as [
    number | null,
    number | null,
  ]
  return { from, to, changes: false }
}

/** The trace against the processor's own counters: what is missing is told, never hidden. */
function checkCounts(view: View, reader: TraceReader, exit: Exit): void {
  const differences = missing(view.seen, exit.events, causeNames)
  const rings = reader.rings(exit.instructions)
  if (rings.some((count, ring) => count !== exit.rings[ring])) differences.push('instructions by ring')
  if (differences.length > 0)
    process.stderr.write(`onering: the trace is not complete: ${differences.join('; ')}\n`)
}
