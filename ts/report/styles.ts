/** Style sheet of the page: light and dark by the reader's setting, print on A4, down to the width of a phone. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1b2127; --muted: #57616b; --rule: #e4e8ec; --rule-strong: #9aa4ae; --shade: #f5f7f9; --link: #1a5a9e;
  --before: #848e99; --after: #1d5fa6; --bound: #c8541c; --third: #2f7d4f;
  --good: #1c6e3f; --good-shade: #ecf6f0; --caution: #855600; --caution-shade: #fdf5e2; --bad: #a01f28; --bad-shade: #fcedee;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15191d; --ink: #e4e8eb; --muted: #a3adb7; --rule: #2b3239; --rule-strong: #626d78; --shade: #1c2227; --link: #83bbf5;
    --before: #929da9; --after: #6aacf2; --bound: #f18d50; --third: #6cc28c;
    --good: #74cf9a; --good-shade: #14271c; --caution: #e7b655; --caution-shade: #2a2210; --bad: #f58a91; --bad-shade: #301719;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 59.25rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums;
  overflow-wrap: break-word;
}
h1, h2, h3 { line-height: 1.25; text-wrap: balance; font-weight: 600; }
h1 { margin: 0; font-size: 2rem; letter-spacing: -.01em; }
h2 { margin: 0 0 1rem; font-size: 1.45rem; }
h3 { margin: 2rem 0 .5rem; font-size: 1.08rem; }
p { margin: 0 0 .8rem; max-width: 46rem; text-wrap: pretty; }
section { margin-top: 3.5rem; }
section > h2 { padding-top: .9rem; border-top: 2px solid var(--ink); }
#outcome { margin-top: 1.5rem; }
a { color: var(--link); }
code { font: .88em ui-monospace, "SFMono-Regular", Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
pre { margin: 0 0 .8rem; padding: .8rem 1rem; overflow-x: auto; background: var(--shade); border-radius: 4px; white-space: pre-wrap; }
small { font-size: .85em; color: var(--muted); }
var { font-style: italic; }
:focus-visible { outline: 3px solid var(--after); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; padding: .4rem .8rem; background: var(--paper); }
.kind { margin: 0 0 .3rem; color: var(--muted); font-size: .9rem; }
.generated { margin: .4rem 0 0; color: var(--muted); }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 1.2rem 0 0; padding: 0; list-style: none; font-size: .93rem; }
footer { margin-top: 4rem; padding-top: .8rem; border-top: 1px solid var(--rule); color: var(--muted); font-size: .88rem; }

.verdict { padding: 1.2rem 1.4rem .5rem; border-left: 5px solid var(--tone); background: var(--tone-shade); border-radius: 0 4px 4px 0; }
.verdict.good { --tone: var(--good); --tone-shade: var(--good-shade); }
.verdict.caution { --tone: var(--caution); --tone-shade: var(--caution-shade); }
.verdict.bad { --tone: var(--bad); --tone-shade: var(--bad-shade); }
.verdict { margin-bottom: 1rem; }
.verdict h2 { margin-bottom: .6rem; }
.verdict h3 { margin-top: 1rem; }
.verdict ul { margin: 0 0 .9rem; padding-left: 1.2rem; }
.badge { margin: 0 0 .35rem; color: var(--tone); font-weight: 700; letter-spacing: .01em; }
.badge::before { content: "● "; }
.message { font-size: .93rem; }
.message span { color: var(--muted); }

.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1.4rem 1.6rem; margin: 2rem 0; }
.tiles > div { padding-top: .6rem; border-top: 1px solid var(--rule-strong); }
.tiles dt { font-size: .88rem; color: var(--muted); }
.tiles dd { margin: .1rem 0 0; font-size: 1.5rem; line-height: 1.25; font-weight: 600; overflow-wrap: anywhere; }
.tiles dd small { font-weight: 400; font-size: .6em; }
.tiles dd.note { margin-top: .25rem; font-size: .85rem; font-weight: 400; line-height: 1.4; color: var(--muted); }
.story h3 { margin-top: 1.5rem; }

table { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.4; }
.caption { margin: 0; padding: 0 0 .5rem; font-size: .9rem; color: var(--muted); }
th, td { padding: .4rem .7rem .4rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1.5px solid var(--rule-strong); vertical-align: bottom; font-weight: 600; }
.number, .targets td { text-align: right; white-space: nowrap; }
.targets td.text { text-align: left; }
.scroll { overflow-x: auto; }
.scroll.tall { max-height: 75vh; overflow-y: auto; }
.scroll.tall thead th { position: sticky; top: 0; z-index: 1; background: var(--paper); box-shadow: inset 0 -1.5px var(--rule-strong); }
.compact { margin: 0; }
.figures th code { color: var(--muted); font-size: .8em; }
.figures .number { padding-right: 1.4rem; }
.figures th[scope="row"] { min-width: 9.5rem; }
.figures td:last-child { width: 32%; }
.formula { font-family: Cambria, "STIX Two Text", Georgia, "Liberation Serif", serif; font-size: 1.02em; }
.problem { margin-top: 1.8rem; padding: .2rem 1.4rem .6rem; background: var(--shade); border-radius: 4px; }
.problem h3 { margin-top: 1rem; }
.problem p { font-size: .93rem; }
.problem .display { max-width: none; font-family: Cambria, "STIX Two Text", Georgia, "Liberation Serif", serif; font-size: 1.15rem; line-height: 1.8; }
sub { line-height: 0; }

.about { font-size: .93rem; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; margin: 0 0 .8rem; }
.tools[hidden] { display: none; }
.tools input { margin-left: .4rem; padding: .35rem .6rem; width: 16rem; max-width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--rule-strong); border-radius: 4px; }
.tools output { color: var(--muted); font-size: .93rem; }
.targets th[scope="row"] { min-width: 9rem; max-width: 16rem; overflow-wrap: anywhere; }
.targets { font-size: .84rem; }
.targets thead button { all: unset; cursor: pointer; font-weight: 600; white-space: nowrap; }
.targets thead button:focus-visible { outline: 3px solid var(--after); outline-offset: 2px; }
.targets thead button::after { content: "↕"; margin-left: .25rem; color: var(--rule-strong); font-weight: 400; }
.targets th[aria-sort="ascending"] button::after { content: "↑"; color: var(--ink); }
.targets th[aria-sort="descending"] button::after { content: "↓"; color: var(--ink); }
.targets .b, .targets .a { min-width: 6.2rem; padding-bottom: .75rem; background: no-repeat right .7rem top 1.75rem / calc((100% - 1.4rem) * var(--share)) 4px; }
.targets .b { background-image: linear-gradient(var(--before), var(--before)); }
.targets .a { background-image: linear-gradient(var(--after), var(--after)); }
.tag { display: inline-block; padding: 0 .4rem; border: 1px solid var(--caution); border-radius: 3px; color: var(--caution); font-size: .8rem; }
.hash { min-width: 16rem; }

figure { margin: 2.2rem 0; }
figure h3 { margin: 0 0 .4rem; }
figcaption { margin-top: .4rem; max-width: 46rem; font-size: .9rem; color: var(--muted); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0 0 .3rem; padding: 0; list-style: none; font-size: .88rem; }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .45em; background: var(--swatch); border: 2px solid var(--swatch); border-radius: 50%; vertical-align: -.06em; }
.swatch.before { --swatch: var(--before); } .swatch.after { --swatch: var(--after); } .swatch.bound { --swatch: var(--bound); } .swatch.third { --swatch: var(--third); }
.swatch.open { background: none; }
.swatch.line { height: 0; border-width: 1px; border-radius: 0; vertical-align: .22em; width: 1.1em; }
.plot svg { display: block; width: 100%; height: auto; }
.plot svg.wide { max-width: 900px; }
.plot svg.narrow { display: none; max-width: 420px; }
details { margin-top: .5rem; font-size: .9rem; }
summary { cursor: pointer; color: var(--link); width: fit-content; }
details .scroll { margin-top: .5rem; max-height: 24rem; }
.data { width: auto; min-width: 50%; }
.data th, .data td { padding-right: 1.5rem; }

.pairs { margin: 0 0 1.2rem; font-size: .9rem; }
.pairs > div { display: flex; justify-content: space-between; gap: 1rem; padding: .35rem 0; border-bottom: 1px solid var(--rule); }
.pairs dt { color: var(--muted); }
.pairs dd { margin: 0; min-width: 0; text-align: right; overflow-wrap: anywhere; }
.pairs code { font-size: .82em; overflow-wrap: normal; }
.pairs code.value { overflow-wrap: anywhere; }
#gold-star .pairs { max-width: 30rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 0 2.2rem; }
.warnings { padding-left: 1.2rem; }

@media screen and (max-width: 46rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  h2 { font-size: 1.25rem; }
  .verdict { padding: 1rem 1rem .4rem; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.1rem; }
  .tiles dd { font-size: 1.25rem; }
  .plot svg.wide { display: none; }
  .plot svg.narrow { display: block; }
  .figures, .figures tbody, .figures tr, .figures th, .figures td { display: block; }
  .figures thead { display: none; }
  .figures tr { padding: .6rem 0; border-bottom: 1px solid var(--rule); }
  .figures th, .figures td, .figures td:last-child { width: auto; padding: .1rem 0; border: 0; }
  .figures td.number { text-align: left; font-weight: 600; }
  .figures th br { display: none; }
  .data th, .data td { padding-right: 1rem; }
  td.wordy { min-width: 14rem; }
  .targets th:first-child { position: sticky; left: 0; z-index: 1; background: var(--paper); min-width: 8.5rem; max-width: 9.5rem; }
  .scroll.tall .targets thead th:first-child { z-index: 2; }
}

@page { size: A4; margin: 15mm 14mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; color: #57616b; } }
@media print {
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; line-height: 1.45; }
  p, figcaption { max-width: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, .skip, .tools, details:not([open]) { display: none; }
  h2, h3, .caption, .legend { break-after: avoid; }
  section { margin-top: 8mm; }
  #all-targets { break-before: page; margin-top: 0; }
  a { color: inherit; text-decoration: none; }
  .scroll, .scroll.tall { overflow: visible; max-height: none; }
  .scroll.tall thead th { position: static; box-shadow: none; }
  .columns { grid-template-columns: repeat(3, 1fr); gap: 0 6mm; }
  #certificate { break-before: page; margin-top: 0; }
  .figures { font-size: .86rem; }
  .figures th, .figures td { padding-top: .25rem; padding-bottom: .25rem; }
  .on-screen { display: none; }
  .columns { break-inside: avoid; }
  thead { display: table-header-group; }
  tr, .tiles > div, .problem, .verdict, .pairs > div, li { break-inside: avoid; }
  figure { break-inside: avoid; margin: 6mm 0; }
  .plot svg.wide { display: block; max-width: 100%; }
  .plot svg.narrow { display: none; }
  .targets { font-size: 7.5pt; }
  .targets th, .targets td { padding-top: .15rem; padding-bottom: .15rem; }
  .targets .b, .targets .a { min-width: 19mm; padding-bottom: .5rem; background-position: right .7rem top 1.25rem; background-size: calc((100% - 1.4rem) * var(--share)) 3px; }
  .targets th[scope="row"] { min-width: 30mm; max-width: 55mm; }
  /* A button would be left out of the head that every page repeats. */
  .targets thead button { display: contents; }
  .targets thead th[data-sort] button::after { content: none; }
  .targets thead th.number { white-space: normal; }
  .tiles { grid-template-columns: repeat(4, 1fr); margin: 6mm 0; gap: 4mm; }
  .hash { min-width: 0; }
  .hash code { font-size: 7pt; }
}
`
