/** The page's style. Colours that people with any colour vision tell apart, once for light and once for dark paper. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1c2024; --soft: #5f6873; --rule: #dfe3e8; --panel: #f3f5f7; --link: #0b5cad;
  --work: #8a94a0; --entry: #e0a100; --transition: #1f77c9; --mitigation: #c8452d;
  --way0: #6b7580; --way1: #2a9d8f; --way2: #e0a100; --way3: #1f77c9; --way4: #8e44ad; --way5: #c8452d;
  --good: #1a7f4b; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --ink: #e6e9ec; --soft: #9aa5b1; --rule: #2b3138; --panel: #1c2126; --link: #79b8ff;
    --work: #7d8894; --entry: #f0b93a; --transition: #58a6ec; --mitigation: #ef7a63;
    --way0: #a0abb6; --way1: #4fd1c0; --way2: #f0b93a; --way3: #58a6ec; --way4: #c58af9; --way5: #ef7a63;
    --good: #5fd39a; --bad: #ff8f85;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 960px; margin: 0 auto; padding: 40px 24px 80px }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em }
h2 { font-size: 21px; margin: 56px 0 4px; letter-spacing: -0.005em }
h3 { font-size: 16px; margin: 28px 0 4px }
p { margin: 8px 0; max-width: 76ch }
p.lead { font-size: 18px; color: var(--soft) }
p.note, figcaption, .source { color: var(--soft); font-size: 14px }
a { color: var(--link) }
figure { margin: 16px 0 }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 20px }
.pair figure { margin: 8px 0 }
svg { width: 100%; height: auto; display: block; font: 13px system-ui, sans-serif }
svg text { fill: var(--ink) }
svg .tick { fill: var(--soft); font-size: 12px }
svg .value { font-variant-numeric: tabular-nums; fill: var(--soft); white-space: pre }
.grid { stroke: var(--rule); stroke-width: 1 }
.rule { stroke: var(--rule) }
.stem { stroke: var(--transition); stroke-width: 2; opacity: 0.35 }
.ours { fill: var(--transition) }
.published { fill: var(--paper); stroke: var(--mitigation); stroke-width: 2 }
.study1 { stroke: var(--entry) } .study2 { stroke: var(--way1) } .study3 { stroke: var(--way4) }
.work { fill: var(--work) } .entry { fill: var(--entry) }
.transition { fill: var(--transition) } .mitigation { fill: var(--mitigation) }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round }
${[0, 1, 2, 3, 4, 5].map((n) => `.curve.way${n} { stroke: var(--way${n}) } .dot.way${n}, .swatch.way${n} { fill: var(--way${n}); background: var(--way${n}) }`).join('\n')}
.sample { fill: var(--transition); opacity: 0.6 }
.interval { fill: var(--transition); opacity: 0.18 }
.mean { stroke: var(--ink); stroke-width: 2 }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14px; color: var(--soft) }
.key span { display: inline-flex; align-items: center; gap: 6px }
.symbol { width: 16px; height: 16px }
.swatch { width: 12px; height: 12px; border-radius: 2px; display: inline-block }
.swatch.work { background: var(--work) } .swatch.entry { background: var(--entry) }
.swatch.transition { background: var(--transition) } .swatch.mitigation { background: var(--mitigation) }
.wide { overflow-x: auto; margin: 12px 0 }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: top; white-space: nowrap }
th { font-weight: 600 }
tbody th { font-weight: 400; text-align: left }
thead th:first-child { text-align: left }
th.text { text-align: left }
td.text { text-align: left; white-space: normal; color: var(--soft) }
td.far { color: var(--bad); font-weight: 600 } td.near { color: var(--good) }
.verdict { border-left: 4px solid var(--good); background: var(--panel); padding: 10px 16px; margin: 16px 0 }
.verdict.broken { border-color: var(--bad) }
.verdict p { margin: 0; max-width: none }
details { margin: 12px 0; border-top: 1px solid var(--rule); padding-top: 8px }
summary { cursor: pointer; color: var(--link) }
@media (max-width: 720px) { .pair { grid-template-columns: 1fr } }
@media print { details { display: block } }
`
