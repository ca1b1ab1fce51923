"""Style and script of the page of all models; without the script it is a plain table."""

STYLE = """
body { padding: 0 1.25rem 2rem; }
header { padding: 1.5rem 0 .75rem; } h1 { font-size: 1.5rem; }
.sum { font-size: 1.125rem; font-weight: 600; margin: .25rem 0; }
.tools { display: flex; flex-wrap: wrap; gap: .6rem 1.25rem; align-items: center;
  margin: 0 0 .75rem; font-size: .925rem; }
.tools[hidden] { display: none; }
.tools input[type=search], .tools select { font: inherit; color: var(--ink);
  background: var(--card); border: 1px solid var(--dim); border-radius: 8px; padding: .35em .6em; }
.wide { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin: 0; }
table { min-width: 62rem; } th, td { padding: .55em .8em; }
thead th { background: var(--card); position: sticky; top: 0;
  border-bottom: 2px solid var(--line); }
thead button { font: inherit; color: inherit; background: none; border: 0; padding: .2em 0;
  cursor: pointer; text-decoration: underline dotted; text-underline-offset: 3px; }
.arrow { display: inline-block; width: 1em; text-align: center; }
th[aria-sort=ascending] .arrow::after { content: "↑"; }
th[aria-sort=descending] .arrow::after { content: "↓"; }
tbody th { min-width: 9rem; max-width: 16rem; } td p { margin: .2em 0; max-width: 20rem; }
td { min-width: 0; } .block { display: block; } small { color: var(--dim); }
.held { display: flex; gap: .5rem; align-items: center; } .block, td .badge { white-space: nowrap; }
.trend { width: 96px; height: 26px; flex: none; }
.trend polyline { fill: none; stroke: var(--before); stroke-width: 1.6; }
.trend circle { fill: var(--now); }
td details { display: inline-block; vertical-align: middle; max-width: 20rem; }
summary { cursor: pointer; color: var(--link); }
tbody tr:hover { background: var(--plain-soft); }
@media (max-width: 40rem) { body { padding: 0 .6rem 1rem; } .tools label { width: 100%; }
  .tools input[type=search], .tools select { width: 100%; }
  table, tbody, tr, tbody th { display: block; min-width: 0; max-width: none; }
  td:last-of-type > a { grid-column: auto; }
  thead { display: none; }
  tbody tr { padding: .7rem .8rem; border-bottom: 1px solid var(--line); }
  tbody td { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); column-gap: .4rem; }
  tbody td::before { color: var(--dim); font-size: .8125rem; grid-row: 1 / span 3; }
  tbody td > * { grid-column: 2; justify-self: start; }
  td:nth-of-type(1)::before { content: "Verdict"; }
  td:nth-of-type(2)::before { content: "Score"; }
  td:nth-of-type(3)::before { content: "Incident"; }
  td:nth-of-type(4)::before { content: "Champion"; }
  td:nth-of-type(5)::before { content: "Last run"; }
  td:nth-of-type(6)::before { content: "Data"; }
  td:nth-of-type(7)::before { content: "Links"; }
  tbody td, tbody th { border: 0; padding: .12em 0; } tbody tr:last-child { border: 0; } }
@media print { @page { size: A4 landscape; margin: 10mm; } .tools, summary { display: none; }
  body { padding: 0; background: #fff; font-size: 9pt; } .wide { overflow: visible; border: 0; }
  table { min-width: 0; font-size: 8pt; } th, td { padding: .35em .5em; }
  tr { break-inside: avoid; }
  .block, td .badge { white-space: normal; } tbody th { min-width: 0; }
  th:last-child, td:last-child { display: none; } thead th { position: static; }
  .badge { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

SCRIPT = """
(function () {
  "use strict";
  var table = document.getElementById("models");
  var body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows);
  var heads = Array.prototype.slice.call(table.querySelectorAll("thead button"));
  var numeric = { score: 1, incident: 1, champion: 1, run: 1, verdict: 1 };
  var field = { verdict: "grave" };
  var find = function (id) { return document.getElementById(id); };
  var search = find("search"), verdict = find("verdict");
  var incident = find("incident"), unwatched = find("unwatched");
  var words = rows.map(function (row) { return row.textContent.toLowerCase(); });
  document.querySelector(".tools").hidden = false;

  function filter() {
    var wanted = search.value.toLowerCase().split(/\\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row, place) {
      var keep = (!verdict.value || row.dataset.verdict === verdict.value) &&
        (!incident.checked || row.dataset.incident !== "0") &&
        (!unwatched.checked || row.dataset.unwatched === "1") &&
        wanted.every(function (word) { return words[place].indexOf(word) >= 0; });
      row.hidden = !keep;
      row.style.display = keep ? "" : "none";
      shown += keep ? 1 : 0;
    });
    find("shown").textContent = shown + " of " + rows.length + " shown";
  }

  function value(row, key) {
    return key === "model" ? row.cells[0].textContent : row.dataset[field[key] || key];
  }

  function compare(key) {
    return function (one, other) {
      var a = value(one, key), b = value(other, key);
      if (a === "" || b === "") { return a === b ? 0 : null; }
      return numeric[key] ? a - b : a.localeCompare(b);
    };
  }

  function sort(button) {
    var head = button.closest("th"), up = head.getAttribute("aria-sort") !== "ascending";
    var key = button.dataset.key, by = compare(key), sign = up ? 1 : -1;
    heads.forEach(function (one) { one.closest("th").setAttribute("aria-sort", "none"); });
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.slice().sort(function (one, other) {
      var found = by(one, other);
      if (found === null) { return value(one, key) === "" ? 1 : -1; }
      return sign * found || one.dataset.rank - other.dataset.rank;
    }).forEach(function (row) { body.appendChild(row); });
  }

  heads.forEach(function (button) {
    button.addEventListener("click", function () { sort(button); });
  });
  [search, verdict, incident, unwatched].forEach(function (one) {
    one.addEventListener("input", filter);
  });
  document.querySelector(".tools").addEventListener("submit", function (event) {
    event.preventDefault();
  });
  filter();
})();
"""
