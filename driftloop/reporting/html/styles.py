"""What the style sheets of the report and of the page of all models have of their own."""

REPORT = """
.inner, main { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
header { padding: 1.75rem 0 .75rem; }
.eyebrow { margin: 0; color: var(--dim); font-size: .8125rem; letter-spacing: .04em; }
h1 { font-size: 1.875rem; }
main { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 1.1rem 1.25rem; min-width: 0; }
.lead { padding: 0; overflow: hidden; }
.lead > *:not(.verdict) { margin: 0; padding: .25rem 1.25rem .75rem; }
.verdict { padding: 1rem 1.25rem; border-left-width: 6px; border-left-style: solid; }
.verdict h2 { display: flex; gap: .6rem; align-items: baseline; font-size: 1.4rem; }
.verdict.good h2 { color: var(--good); } .verdict.bad h2 { color: var(--bad); }
.verdict.warn h2 { color: var(--warn); } .verdict.blind h2 { color: var(--blind); }
.verdict p { color: var(--ink); } .verdict p strong { font-weight: 600; }
.deeds { display: grid; gap: .75rem 1.5rem; padding-top: .9rem !important;
  grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); }
dt { color: var(--dim); font-size: .8125rem; font-weight: 600; } dd { margin: 0; }
.links { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; }
.strip { display: flex; flex-wrap: wrap; gap: 4px; list-style: none; margin: .6rem 0; padding: 0; }
.strip li { position: relative; width: 1.7rem; height: 2.1rem; display: grid;
  place-items: center; border: 1px solid; border-radius: 6px; font-weight: 700; }
.strip li.incident, .chip.incident { border-bottom-width: 5px; }
.strip li:last-child { outline: 2px solid var(--ink); outline-offset: 1px; }
.star { position: absolute; top: -.55em; right: -.3em; font-size: .8rem; color: var(--link); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; color: var(--dim); align-items: center; }
.chip { display: inline-block; min-width: 1.5em; text-align: center; border: 1px solid;
  border-radius: 5px; }
.swatch { display: inline-block; width: 1.1em; height: .8em; border-radius: 2px; }
.swatch.before { background: var(--before); } .swatch.waiting { background: var(--plain-soft);
  border: 1px dashed var(--dim); }
.line { display: inline-block; width: 1.6em; border-top: 3px solid var(--before);
  vertical-align: middle; }
.line.base { border-top: 2px dashed var(--dim); } .line.limit { border-top: 3px dotted var(--bad); }
.swatch.now { border: 2.5px solid var(--now); }
.cards { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
.card { border: 1px solid var(--line); border-radius: 10px; padding: .8rem .9rem; min-width: 0; }
.card h3 { display: flex; flex-wrap: wrap; gap: .4rem; justify-content: space-between; }
figure { margin: .6rem 0; } figure svg { display: block; width: 100%; height: auto; }
.broad { overflow-x: auto; direction: rtl; } .broad svg { direction: ltr; min-width: 36rem; }
figure svg text { font-family: inherit; }
mark { background: var(--warn-soft); color: var(--warn); border: 1px solid; border-radius: 4px;
  padding: 0 .3em; font-size: .875em; font-weight: 600; }
mark bdi { color: inherit; }
summary { cursor: pointer; color: var(--link); padding: .2em 0; }
details[open] > summary { margin-bottom: .4rem; }
footer { padding: 1.5rem 0 2.5rem; color: var(--dim); font-size: .875rem; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 1rem;
  padding: .5rem 1rem; background: var(--card); z-index: 1; }
@media (max-width: 30rem) { header { padding-top: 1rem; } h1 { font-size: 1.5rem; }
  .inner, main { padding: 0 .6rem; } section { padding: .9rem .8rem; border-radius: 10px; }
  .lead { padding: 0; } .verdict h2 { font-size: 1.2rem; } }
@media print { body { background: #fff; font-size: 10.5pt; } .skip, summary { display: none; }
  section, .card { break-inside: avoid; border-color: #bbb; }
  section#features { break-inside: auto; }
  .wide { overflow: visible; } a { color: inherit; } main { gap: .6rem; max-width: none; }
  .verdict, .badge, .chip, .strip li, .swatch { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
  .links a::after { content: " (" attr(href) ")"; font-size: .8em; }
  .cards { grid-template-columns: 1fr 1fr; } }
"""
