/* Behaviour of the site's pages. Without it every figure is still there, in the tables.
   Belongs here: drawing the inlined charts, searching, sorting tables. Does not: figures. */
(function () {
  "use strict";
  var root = document.documentElement;
  var words = JSON.parse(document.getElementById("words").textContent);
  root.classList.add("js");

  /* ---- charts: options lie in the page as data; colours are named (@met) and come from the style sheet ---- */
  var charts = [];

  function painted(value, style) {
    if (typeof value === "string" && value.charAt(0) === "@") {
      return style.getPropertyValue("--" + value.slice(1)).trim();
    }
    if (Array.isArray(value)) {
      return value.map(function (one) { return painted(one, style); });
    }
    if (value && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (key) { copy[key] = painted(value[key], style); });
      return copy;
    }
    return value;
  }

  /* A legend of several lines pushes the picture down. */
  function makeRoom(option, width) {
    if (!option.legend) { return; }
    var lines = 1;
    var used = 0;
    (option.legend.data || option.series.map(function (one) { return one.name; })).forEach(function (name) {
      var wide = 30 + 14 + Array.from(name).reduce(function (sum, sign) { return sum + (sign > "\u2e7f" ? 12 : 7); }, 0);
      if (used && used + wide > width) { lines += 1; used = 0; }
      used += wide;
    });
    option.grid.top += (lines - 1) * 24;
  }

  function draw() {
    var style = getComputedStyle(root);
    charts.forEach(function (chart) {
      var option = painted(chart.option, style);
      option.textStyle.fontFamily = getComputedStyle(document.body).fontFamily;
      makeRoom(option, chart.drawn.getWidth());
      chart.drawn.setOption(option, true);
    });
  }

  function start() {
    if (!window.echarts) { return; }
    document.querySelectorAll("figure.chart").forEach(function (figure) {
      var place = figure.querySelector(".canvas");
      var option = JSON.parse(figure.querySelector("script").textContent);
      figure.classList.add("live");
      charts.push({ option: option, drawn: window.echarts.init(place, null, { renderer: "canvas" }) });
    });
    draw();
    window.addEventListener("resize", function () {
      charts.forEach(function (chart) { chart.drawn.resize(); });
      draw();
    });
    /* Colours follow the reader's setting, and paper is always light. */
    [window.matchMedia("(prefers-color-scheme: dark)"), window.matchMedia("print")].forEach(function (query) {
      query.addEventListener("change", draw);
    });
    window.addEventListener("beforeprint", function () {
      charts.forEach(function (chart) { chart.drawn.resize(); });
      draw();
    });
  }

  /* ---- search: every word must occur; codes and names before descriptions ---- */
  function folded(text) { return text.normalize("NFKC").toLowerCase(); }

  var index = (window.jibaoIndex || []).map(function (row) {
    return { kind: row[0], code: row[1], name: row[2], about: row[3], href: row[4],
             title: folded(row[1] + " " + row[2]), all: folded(row.join(" ")) };
  });

  function found(text, most) {
    var asked = folded(text).split(/\s+/).filter(Boolean);
    if (!asked.length) { return []; }
    var hits = [];
    index.forEach(function (entry, place) {
      if (asked.every(function (word) { return entry.all.indexOf(word) >= 0; })) {
        var named = asked.filter(function (word) { return entry.title.indexOf(word) >= 0; }).length;
        hits.push({ entry: entry, order: -named * 10000 + place });
      }
    });
    hits.sort(function (a, b) { return a.order - b.order; });
    return hits.slice(0, most).map(function (hit) { return hit.entry; });
  }

  function searchBox(box) {
    var base = box.dataset.root;
    var input = box.querySelector("input");
    var list = box.querySelector("ul");
    var status = box.querySelector("[role=status]");
    var chosen = -1;
    box.hidden = false;

    function close() {
      list.hidden = true;
      chosen = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function choose(n) {
      var items = list.children;
      if (!items.length) { return; }
      if (chosen >= 0) { items[chosen].setAttribute("aria-selected", "false"); }
      chosen = (n + items.length) % items.length;
      items[chosen].setAttribute("aria-selected", "true");
      items[chosen].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", items[chosen].id);
    }

    function show() {
      var hits = found(input.value, 12);
      list.textContent = "";
      chosen = -1;
      input.removeAttribute("aria-activedescendant");
      hits.forEach(function (entry, n) {
        var item = document.createElement("li");
        item.id = "hit-" + n;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        var kind = document.createElement("span");
        kind.className = "kind";
        kind.textContent = words[entry.kind];
        var name = document.createElement("b");
        name.textContent = entry.name;
        var about = document.createElement("span");
        about.className = "soft";
        about.textContent = entry.code + (entry.about ? " · " + entry.about : "");
        item.append(kind, name, about);
        item.addEventListener("mousedown", function (event) {
          event.preventDefault();
          window.location.href = base + entry.href;
        });
        list.append(item);
      });
      var asked = input.value.trim() !== "";
      list.hidden = !hits.length;
      input.setAttribute("aria-expanded", String(hits.length > 0));
      status.textContent = !asked ? "" : hits.length ? words.hits.replace("{n}", hits.length) : words.nothing;
    }

    input.addEventListener("input", show);
    input.addEventListener("focus", function () { if (input.value) { show(); } });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen < 0 ? -1 : chosen - 1); }
      if (event.key === "Escape") { close(); input.value = ""; status.textContent = ""; }
      if (event.key === "Enter") {
        event.preventDefault();
        var hits = found(input.value, 12);
        if (hits.length) { window.location.href = base + hits[Math.max(chosen, 0)].href; }
      }
    });
    document.addEventListener("keydown", function (event) {
      var at = document.activeElement;
      if (event.key === "/" && !(at && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName))) {
        event.preventDefault();
        input.focus();
      }
    });
  }

  /* ---- a long table that narrows while one types ---- */
  function filter(box) {
    var input = box.querySelector("input");
    var status = box.querySelector("[role=status]");
    var rows = document.getElementById(box.dataset.filters).querySelectorAll("tbody tr");
    box.hidden = false;

    function narrow() {
      var asked = folded(input.value).split(/\s+/).filter(Boolean);
      var left = 0;
      rows.forEach(function (row) {
        var text = folded(row.textContent);
        row.hidden = !asked.every(function (word) { return text.indexOf(word) >= 0; });
        left += row.hidden ? 0 : 1;
      });
      status.textContent = asked.length ? (left ? words.hits.replace("{n}", left) : words.nothing) : "";
    }

    input.addEventListener("input", narrow);
    if (location.hash.indexOf("#q=") === 0) {
      input.value = decodeURIComponent(location.hash.slice(3));
      narrow();
    }
  }

  /* ---- tables that sort by a column; what has no number stays last ---- */
  function number(cell) {
    var text = (cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent).replace(/[,%\s]/g, "");
    var value = parseFloat(text);
    return isNaN(value) ? null : value;
  }

  function sortable(table) {
    var body = table.tBodies[0];
    table.querySelectorAll("thead th").forEach(function (head, column) {
      if (head.hasAttribute("data-still")) { return; }
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) { button.append(head.firstChild); }
      head.append(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("thead th").forEach(function (one) { one.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        var isNumber = head.classList.contains("n");
        Array.from(body.rows).map(function (row) {
          var cell = row.cells[column];
          return { row: row, key: isNumber ? number(cell) : (cell.dataset.v || cell.textContent.trim()) };
        }).sort(function (a, b) {
          if (a.key === null || b.key === null) { return (a.key === null) - (b.key === null); }
          var order = isNumber ? a.key - b.key : a.key.localeCompare(b.key, root.lang);
          return down ? -order : order;
        }).forEach(function (one) { body.append(one.row); });
      });
    });
  }

  start();
  document.querySelectorAll(".search").forEach(searchBox);
  document.querySelectorAll(".filter").forEach(filter);
  document.querySelectorAll("table.sortable").forEach(sortable);
})();
