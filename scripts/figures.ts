/**
 * Figures in the documentation, and whether the command that gives them stands beside them. A figure here is a number with a unit in which speed is told;
 * sizes and limits are what the design says, and other tests hold them. Beside means: in the same paragraph, row or item, or in the block before or behind it.
 */

const FENCE = /^```/
const FIGURE =
  /(?<![\w.-])\d[\d.,]*(?: to \d[\d.,]*)?[  -]?(?:ns|µs|ms|%|×|(?:modelled )?cycles|instructions)(?!\w)/
const SPAN = /`[^`]*`/g
/** A command, or the test that shows it. */
const COMMAND = /\b(?:npx|npm run|onering) |\btest\/|`[a-z-]+\.test\.ts`/

interface Block {
  readonly line: number
  readonly text: string
  readonly isCode: boolean
}

/** Paragraphs, items, rows and fenced blocks in their order. */
function blocksOf(page: string): Block[] {
  const blocks: { line: number; text: string; isCode: boolean }[] = []
  let isCode = false
  let isOpen = false
  for (const [index, text] of page.split('\n').entries()) {
    const isFence = FENCE.test(text)
    const begins = isFence ? !isCode : !isCode && /^\s*(?:[-*|#]|\d+\.) ?/.test(text)
    if (begins || (!isCode && !isOpen && text.trim() !== '')) {
      blocks.push({ line: index + 1, text, isCode: isFence })
      isOpen = true
    } else if (isCode || text.trim() !== '') blocks.at(-1)!.text += `\n${text}`
    if (isFence) isCode = !isCode
    if ((isFence && !isCode) || (!isCode && text.trim() === '')) isOpen = false
  }
  return blocks
}

/** What stands before a list stands before each of its items. */
const isItem = ({ text }: Block): boolean => /^\s*(?:[-*]|\d+\.) /.test(text)

export interface Figure {
  /** Line at which its paragraph begins, from 1. */
  readonly line: number
  readonly figure: string
}

/** Figures in the prose of a page that have no command beside them. */
export function figuresWithoutCommand(page: string): Figure[] {
  const blocks = blocksOf(page)
  const hasCommand = (block: Block | undefined): boolean => block !== undefined && COMMAND.test(block.text)
  return blocks.flatMap((block, index) => {
    const [figure] = (!block.isCode && FIGURE.exec(block.text.replaceAll(SPAN, ''))) || []
    let before = index - 1
    while (isItem(block) && before > 0 && isItem(blocks[before]!)) before--
    const isShown = hasCommand(block) || hasCommand(blocks[before]) || hasCommand(blocks[index + 1])
    return figure === undefined || isShown ? [] : [{ line: block.line, figure }]
  })
}

/** Lines at which a block begins that does not say what it is: output stands in `console` blocks, behind its command. */
export function unnamedBlocks(page: string): number[] {
  return blocksOf(page)
    .filter(({ isCode, text }) => isCode && /^```\s*\n/.test(text))
    .map(({ line }) => line)
}
