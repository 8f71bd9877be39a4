/** Generated from `../calls.ts` by `src/toolchain/calls/generate.ts`; do not edit. */
export declare function getppid(): i32
export declare function exit(status: i32): void
export declare function write(fd: i32, data: usize, length: u32): i32
export declare function clock(kind: u32): u64
export declare function sleep(nanoseconds: u64): void
export declare function yieldNow(): void
export declare function spawn(entry: u32, argument: u32): i32
export declare function join(id: u32): i32
export declare function endThread(status: i32): void
export declare function threadId(): u32
export declare function growHeap(bytes: u32): u32
export declare function memoryStatistics(out: usize): void
export declare function random(data: usize, length: u32): i32
export declare function fail(message: usize, length: u32): void
export declare function pauseThreads(isPaused: u32): void
export declare function stackWords(words: usize, most: u32, skip: u32): i32
export declare function stackTop(): u32
export declare function mark(id: u32): void
export declare function mapMemory(bytes: u32): u32
export declare function unmapMemory(address: u32): i32
export declare function socket(kind: u32): i32
export declare function bind(fd: i32, address: u32, port: u32): i32
export declare function listen(fd: i32, backlog: u32): i32
export declare function accept(fd: i32): i32
export declare function connect(fd: i32, address: u32, port: u32): i32
export declare function send(fd: i32, data: usize, length: u32): i32
export declare function recv(fd: i32, data: usize, length: u32, flags: u32): i32
export declare function sendTo(fd: i32, data: usize, length: u32, address: u32, port: u32): i32
export declare function recvFrom(fd: i32, data: usize, length: u32, from: usize): i32
export declare function shutdown(fd: i32, how: u32): i32
export declare function close(fd: i32): i32
export declare function socketOption(fd: i32, option: u32, value: u32): i32
export declare function socketName(fd: i32, isPeer: u32, out: usize): i32
export declare function setBlocking(fd: i32, isBlocking: u32): i32
export declare function setUpcall(address: u32, entry: u32): void
export declare function raise(id: u32, argument: u32): i32
export declare function endUpcall(): i32
export declare function poll(entries: usize, count: u32, timeoutMs: i32): i32
export declare function pollerCreate(): i32
export declare function pollerControl(fd: i32, operation: u32, watched: i32, interest: u32, token: u32): i32
export declare function pollerWait(fd: i32, events: usize, most: u32, timeoutMs: i32): i32
export declare function select(sets: usize, words: u32, timeoutMs: i32): i32
export declare function pipe(ends: usize): i32
export declare function resolve(name: usize, length: u32, addresses: usize, most: u32): i32
