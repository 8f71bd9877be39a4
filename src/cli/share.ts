import type { Share } from '../index.ts'
import { UsageError } from './errors.ts'

const DEFAULT_TAG = 'share'

/** `DIR[:TAG][,writable]`, as `--share` takes it. The n-th share without a tag is called `share`, `share2`, …. */
export function parseShare(text: string, index: number): Share {
  const writable = text.endsWith(',writable')
  const rest = writable ? text.slice(0, -',writable'.length) : text
  const colon = rest.lastIndexOf(':')
  const path = colon < 0 ? rest : rest.slice(0, colon)
  const tag = colon < 0 ? (index === 0 ? DEFAULT_TAG : `${DEFAULT_TAG}${index + 1}`) : rest.slice(colon + 1)
  if (path === '' || !/^[\w.-]{1,31}$/.test(tag))
    throw new UsageError(`--share ${text}: write DIR, DIR:TAG or DIR:TAG,writable`)
  return { path, tag, writable }
}
