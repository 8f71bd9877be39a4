/** All commands. */
import { Command, GROWS, WRITES } from './command'
import { hdel, hget, hgetall, hlen, hset } from './hash'
import { del, dbsize, exists, expire, flush, keys, persist, pexpire, pttl, scan, ttl, type } from './key'
import { llen, lpop, lpush, lrange, rpop, rpush } from './list'
import { command } from './introspection'
import { client, config, echo, hello, info, ping, quit, select } from './server'
import { sadd, scard, sismember, smembers, spop, srem } from './set'
import { zadd, zcard, zpopmin, zscore } from './sorted-set'
import { append, decr, decrBy, get, getSet, incr, incrBy, mget, mset, set, strlen } from './string'

const STORES: u32 = GROWS | WRITES

export const commands: StaticArray<Command> = [
  new Command('ping', -1, 0, ping, 0, 0, 0),
  new Command('echo', 2, 0, echo, 0, 0, 0),
  new Command('quit', -1, 0, quit, 0, 0, 0),
  new Command('select', 2, 0, select, 0, 0, 0),
  new Command('hello', -1, 0, hello, 0, 0, 0),
  new Command('client', -2, 0, client, 0, 0, 0),
  new Command('config', -2, 0, config, 0, 0, 0),
  new Command('info', -1, 0, info, 0, 0, 0),
  new Command('command', -1, 0, command, 0, 0, 0),
  new Command('get', 2, 0, get),
  new Command('set', -3, STORES, set),
  new Command('getset', 3, STORES, getSet),
  new Command('mget', -2, 0, mget, 1, -1, 1),
  new Command('mset', -3, STORES, mset, 1, -1, 2),
  new Command('incr', 2, STORES, incr),
  new Command('decr', 2, STORES, decr),
  new Command('incrby', 3, STORES, incrBy),
  new Command('decrby', 3, STORES, decrBy),
  new Command('append', 3, STORES, append),
  new Command('strlen', 2, 0, strlen),
  new Command('del', -2, WRITES, del, 1, -1, 1),
  new Command('unlink', -2, WRITES, del, 1, -1, 1),
  new Command('exists', -2, 0, exists, 1, -1, 1),
  new Command('type', 2, 0, type),
  new Command('expire', -3, WRITES, expire),
  new Command('pexpire', -3, WRITES, pexpire),
  new Command('ttl', 2, 0, ttl),
  new Command('pttl', 2, 0, pttl),
  new Command('persist', 2, WRITES, persist),
  new Command('flushall', -1, WRITES, flush, 0, 0, 0),
  new Command('flushdb', -1, WRITES, flush, 0, 0, 0),
  new Command('dbsize', 1, 0, dbsize, 0, 0, 0),
  new Command('keys', 2, 0, keys, 0, 0, 0),
  new Command('scan', -2, 0, scan, 0, 0, 0),
  new Command('lpush', -3, STORES, lpush),
  new Command('rpush', -3, STORES, rpush),
  new Command('lpop', -2, WRITES, lpop),
  new Command('rpop', -2, WRITES, rpop),
  new Command('llen', 2, 0, llen),
  new Command('lrange', 4, 0, lrange),
  new Command('sadd', -3, STORES, sadd),
  new Command('srem', -3, WRITES, srem),
  new Command('spop', -2, WRITES, spop),
  new Command('sismember', 3, 0, sismember),
  new Command('scard', 2, 0, scard),
  new Command('smembers', 2, 0, smembers),
  new Command('hset', -4, STORES, hset),
  new Command('hget', 3, 0, hget),
  new Command('hgetall', 2, 0, hgetall),
  new Command('hdel', -3, WRITES, hdel),
  new Command('hlen', 2, 0, hlen),
  new Command('zadd', -4, STORES, zadd),
  new Command('zpopmin', -2, WRITES, zpopmin),
  new Command('zcard', 2, 0, zcard),
  new Command('zscore', 3, 0, zscore),
]
