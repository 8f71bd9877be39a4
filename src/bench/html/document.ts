/** What every page of figures stands in: no script, nothing from the network. `main` is markup. */
import { style } from './style.ts'
import { escapeText } from './svg.ts'

export function htmlDocument(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`
}
