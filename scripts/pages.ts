/** The pages of documentation, as paths from the root: those that say what is, not the log of changes. */
import { readdirSync } from 'node:fs'

const FOLDERS = ['bench', 'docs', 'src', 'test']
const isPage = (name: string): boolean => name.endsWith('.md') && name !== 'CHANGELOG.md'

export function documentationPages(): string[] {
  const below = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  return [...readdirSync('.'), ...below].filter(isPage).toSorted()
}
