(function () {
  "use strict";
  var table = document.getElementById("models");
  var body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows);
  var heads = Array.prototype.slice.call(table.querySelectorAll("thead button"));
  var numeric = { score: 1, incident: 1, champion: 1, run: 1, verdict: 1 };
  var field = { verdict: "severity" };
  var byId = function (id) { return document.getElementById(id); };
  var search = byId("search"), verdict = byId("verdict");
  var incident = byId("incident"), unwatched = byId("unwatched");
  var words = rows.map(function (row) { return row.textContent.toLowerCase(); });
  document.querySelector(".tools").hidden = false;

  function filter() {
    var wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row, place) {
      var keep = (!verdict.value || row.dataset.verdict === verdict.value) &&
        (!incident.checked || row.dataset.incident !== "0") &&
        (!unwatched.checked || row.dataset.unwatched === "1") &&
        wanted.every(function (word) { return words[place].indexOf(word) >= 0; });
      row.hidden = !keep;
      row.style.display = keep ? "" : "none";
      shown += keep ? 1 : 0;
    });
    byId("shown").textContent = shown + " of " + rows.length + " shown";
  }

  function value(row, key) {
    return key === "model" ? row.cells[0].textContent : row.dataset[field[key] || key];
  }

  function compare(key) {
    return function (row, other) {
      var a = value(row, key), b = value(other, key);
      if (a === "" || b === "") { return a === b ? 0 : null; }
      return numeric[key] ? a - b : a.localeCompare(b);
    };
  }

  function sort(button) {
    var head = button.closest("th"), up = head.getAttribute("aria-sort") !== "ascending";
    var key = button.dataset.key, by = compare(key), sign = up ? 1 : -1;
    heads.forEach(function (other) { other.closest("th").setAttribute("aria-sort", "none"); });
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.slice().sort(function (row, other) {
      var order = by(row, other);
      if (order === null) { return value(row, key) === "" ? 1 : -1; }
      return sign * order || row.dataset.rank - other.dataset.rank;
    }).forEach(function (row) { body.appendChild(row); });
  }

  heads.forEach(function (button) {
    button.addEventListener("click", function () { sort(button); });
  });
  [search, verdict, incident, unwatched].forEach(function (control) {
    control.addEventListener("input", filter);
  });
  document.querySelector(".tools").addEventListener("submit", function (event) {
    event.preventDefault();
  });
  filter();
})();
