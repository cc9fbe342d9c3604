// Without it the page shows everything as well. It moves through a matrix by arrow keys, says what
// a cell means, opens the host that a link leads to, and everything for the printer.
(function () {
  "use strict";
  function words(cell) {
    var link = cell.querySelector("a");
    if (link) return link.title;
    var head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
    var pair = cell.parentNode.cells[0].textContent + " to " + head.textContent;
    if (cell.className === "s") return head.textContent + " itself";
    if (cell.className === "n") return pair + ": no tunnel";
    var time = cell.firstChild.data;
    return pair + (time === "ok" ? ": ok, not measured" : ": ok, " + time + " ms, nothing lost");
  }
  function say(cell) {
    var said = cell.closest(".scroll").nextElementSibling;
    if (said) said.textContent = words(cell);
  }
  var steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  document.querySelectorAll("table.matrix").forEach(function (table) {
    var body = table.tBodies[0];
    if (body.rows.length) body.rows[0].cells[1].tabIndex = 0;
    table.addEventListener("keydown", function (event) {
      var step = steps[event.key], cell = event.target.closest("td");
      if (!step || !cell) return;
      var row = body.rows[cell.parentNode.sectionRowIndex + step[0]];
      var next = row && cell.cellIndex + step[1] > 0 && row.cells[cell.cellIndex + step[1]];
      if (!next) return;
      event.preventDefault();
      next.tabIndex = -1;
      (next.querySelector("a[href]") || next).focus();
    });
    ["focusin", "mouseover"].forEach(function (kind) {
      table.addEventListener(kind, function (event) {
        var cell = event.target.closest("tbody td");
        if (cell) say(cell);
      });
    });
  });
  function open() {
    var found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (found && found.tagName === "DETAILS") found.open = true;
    if (found && found.classList.contains("card")) found.focus();
  }
  window.addEventListener("hashchange", open);
  open();
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
})();
