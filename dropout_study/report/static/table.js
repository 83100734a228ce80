// The table of all trials: sorted by a column, filtered by state and range, one part at a time.
"use strict";

{
  const PART = 25; // rows shown at once: a study of 10,000 trials stays quick
  const home = document.getElementById("trials");
  let first = 0;

  const heads = study.columns.map(column => {
    const button = make("button", { type: "button", onclick: () => study.sort(column.key) },
      column.label);
    return make("th", { scope: "col", title: column.key }, button);
  });
  const body = make("tbody");
  const count = make("span", { role: "status" });
  const page = (label, by) => make("button", {
    type: "button", onclick: () => { first = Math.max(first + by, 0); draw(); },
  }, label);
  const [before, after] = [page("Previous", -PART), page("Next", PART)];

  function states() {
    const names = [...new Set(study.rows.map(row => study.value(row, "state")))].sort();
    const boxes = names.map(state => make("label", {}, make("input", {
      type: "checkbox", checked: true, onchange: event => study.show(state, event.target.checked),
    }), ` ${state}`));
    return make("fieldset", {}, make("legend", {}, "State"), ...boxes);
  }

  function ranges() {
    const numeric = study.columns.filter(column => column.numeric);
    const select = make("select", { "aria-label": "Column" },
      ...numeric.map(column => make("option", { value: column.key }, column.label)));
    const ends = ["from", "to"].map(name => make("input", {
      type: "number", step: "any", placeholder: name, "aria-label": name,
    }));
    const unit = make("span");
    const tell = () => { unit.textContent = study.column(select.value).percent ? "%" : ""; };
    select.addEventListener("change", tell);
    select.value = study.objective;
    tell();
    const apply = event => {
      event.preventDefault();
      const scale = study.column(select.value).percent ? 100 : 1;
      const [low, high] = ends.map(end => end.value === "" ? null : Number(end.value) / scale);
      const given = low !== null || high !== null;
      study.filter(select.value, given ? { low: low ?? -Infinity, high: high ?? Infinity } : null);
    };
    return make("form", { onsubmit: apply }, make("fieldset", {},
      make("legend", {}, "Range"), select, ...ends, unit, make("button", {}, "Filter")));
  }

  const filters = make("p", { className: "filters" });

  function drawFilters() {
    const text = (column, { low, high, values }) => values
      ? `${column.label}: ${[...values].join(", ") || "none"}`
      : [low > -Infinity ? `${cellText(column, low)} ≤ ` : "", column.label,
        high < Infinity ? ` ≤ ${cellText(column, high)}` : ""].join("");
    filters.replaceChildren(...[...study.filters].map(([key, filter]) => make("button", {
      type: "button", title: "Remove this filter", onclick: () => study.filter(key, null),
    }, `${text(study.column(key), filter)} ✕`)));
  }

  function drawRow(row) {
    const trial = row[0];
    const box = make("input", {
      type: "checkbox", checked: study.chosen.has(trial), "aria-label": `Compare trial ${trial}`,
      onchange: event => study.choose(trial, event.target.checked),
    });
    const name = make("button", {
      type: "button", "aria-pressed": String(trial === study.current),
      "aria-label": `Trial ${trial}`, onclick: () => study.mark(trial),
    }, String(trial));
    const cells = study.columns.slice(1).map((column, index) => make("td", {
      className: column.numeric ? "" : "text",
    }, cellText(column, row[index + 1])));
    return make("tr", { className: trial === study.current ? "current" : "", "data-trial": trial },
      make("td", {}, box), make("td", {}, name), ...cells);
  }

  function draw() {
    const rows = study.visible;
    first = Math.min(first, Math.max(0, PART * (Math.ceil(rows.length / PART) - 1)));
    study.columns.forEach((column, index) => {
      const now = study.sorted.key === column.key;
      const order = study.sorted.down ? "descending" : "ascending";
      if (now) heads[index].setAttribute("aria-sort", order);
      else heads[index].removeAttribute("aria-sort");
    });
    const focus = document.activeElement?.getAttribute("aria-label");
    body.replaceChildren(...rows.slice(first, first + PART).map(drawRow));
    if (focus && !home.contains(document.activeElement)) {
      [...body.querySelectorAll("button, input")]
        .find(each => each.getAttribute("aria-label") === focus)?.focus();
    }
    const last = Math.min(first + PART, rows.length);
    count.textContent = rows.length
      ? `Rows ${first + 1} to ${last} of ${rows.length}` : "No trial passes the filters";
    if (rows.length < study.rows.length) count.textContent += ` (${study.rows.length} trials)`;
    before.disabled = first === 0;
    after.disabled = last >= rows.length;
    drawFilters();
  }

  home.append(
    make("div", { className: "controls" }, states(), ranges()),
    filters,
    make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "All trials" },
      make("table", {},
        make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "compare"), ...heads)), body)),
    make("p", { className: "controls" }, before, after, count),
  );
  study.listen("rows", () => { first = 0; draw(); });
  let seen = null;
  study.listen("marks", () => {
    const index = study.visible.findIndex(row => row[0] === study.current);
    if (index >= 0 && seen !== study.current) first = PART * Math.floor(index / PART);
    seen = study.current;
    draw();
  });
}
