/**
 * The key-value store under Debian's redis-benchmark, in host time, in two link modes; redis-server itself beside it for the scale.
 * `npm run bench:kv -- [--requests N] [--clients N] [--tests LIST] [--json FILE]`
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { hasProgram } from '../test/support/programs.ts'
import { type Server, startKv, startRedis } from '../test/app/kv/servers.ts'
import { formatTable } from './table.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    clients: { type: 'string', default: '50' },
    tests: {
      type: 'string',
      default: 'ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset',
    },
    json: { type: 'string' },
  },
})

if (!hasProgram('redis-benchmark')) {
  process.stderr.write(
    'bench: redis-benchmark is missing; install it (Debian: apt-get install redis-tools)\n',
  )
  process.exit(2)
}

interface Row {
  readonly test: string
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Ends with an error when a single reply is one. */
function drive(port: number): Row[] {
  const output = execFileSync(
    'redis-benchmark',
    ['-p', `${port}`, '-c', values.clients, '-n', values.requests, '-e', '--csv', '-t', values.tests],
    { encoding: 'utf8' },
  )
  if (/error/i.test(output)) throw new Error(`a request was not answered rightly: ${output.slice(0, 500)}`)
  return output
    .split('\n')
    .map((line) => line.split('","').map((cell) => cell.replaceAll('"', '')))
    .filter((cells) => cells.length === 8 && cells[0] !== 'test')
    .map(([test, rps, , , p50, , p99]) => ({
      test: test!,
      rps: Number(rps),
      p50Ms: Number(p50),
      p99Ms: Number(p99),
    }))
}

async function measure(name: string, start: () => Promise<Server>): Promise<Row[]> {
  process.stderr.write(
    `${name}: ${values.requests} requests of each kind over ${values.clients} connections\n`,
  )
  const server = await start()
  try {
    return drive(server.port)
  } finally {
    await server.stop()
  }
}

const results: [string, Row[]][] = []
for (const link of ['direct', 'trap']) results.push([link, await measure(link, () => startKv(link))])
if (hasProgram('redis-server')) results.push(['redis-server', await measure('redis-server', startRedis)])

const short = (test: string): string => test.replace(/ \(.*/, '').toLowerCase()
console.log(
  `redis-benchmark -c ${values.clients} -n ${values.requests}: requests/s, p50 and p99 in ms of host time\n`,
)
console.log(
  formatTable(
    ['', ...results.flatMap(([name]) => [name, 'p50', 'p99'])],
    results[0]![1].map(({ test }, i) => [
      short(test),
      ...results.flatMap(([, rows]) => {
        const row = rows[i]!
        return [String(Math.round(row.rps)), row.p50Ms.toFixed(1), row.p99Ms.toFixed(1)]
      }),
    ]),
  ),
)
if (values.json)
  writeFileSync(values.json, JSON.stringify({ ...values, results: Object.fromEntries(results) }, null, 1))
