import { execFileSync } from 'node:child_process'

/** `src/net/guest/` with the kernel's TCP/IP stack → `build/netstack.wasm`, which the user network runs on the host. */
export async function compileNetStack(): Promise<void> {
  const asc = 'node_modules/assemblyscript/bin/asc.js'
  const options = ['--outFile', 'build/netstack.wasm', '--runtime', 'minimal', '-O3', '--noColors']
  execFileSync(process.execPath, [asc, 'src/net/guest/index.ts', ...options], { stdio: 'inherit' })
}
