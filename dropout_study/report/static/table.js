// The table of all trials: sorted by a column, filtered by state and range, one part at a time.
"use strict";

{
  const PART = 25; // rows shown at once: a study of 10,000 trials stays quick
  const home = document.getElementById("trials");
  let first = 0;

  const several = new Set(study.rows.map(row => study.value(row, "state"))).size > 1;
  const shown = study.columns.filter(column => column.key !== "state" || several);
  const heads = shown.map(column => {
    const button = make("button", { type: "button", onclick: () => study.sort(column.key) },
      column.label);
    return make("th", { scope: "col", title: column.key, className: column.numeric ? "" : "text" }, button);
  });
  const body = make("tbody");
  const count = make("span", { role: "status" });
  const page = (label, by) => make("button", {
    type: "button", onclick: () => { first = Math.max(first + by, 0); draw(); },
  }, label);
  const [before, after] = [page(say("Previous"), -PART), page(say("Next"), PART)];

  function states() {
    if (!several) return null;
    const boxes = study.texts(study.column("state")).map(state => make("label", {}, make("input", {
      type: "checkbox", checked: true, onchange: event => study.show(state, event.target.checked),
    }), ` ${state}`));
    return make("fieldset", {}, make("legend", {}, say("State")), ...boxes);
  }

  /** A filter for one column at a time: the ends of a range, or a box for each text. */
  function conditions() {
    const columns = study.columns.filter(column => column.numeric || column.param);
    const select = make("select", { "aria-label": say("Column") },
      ...columns.map(column => make("option", { value: column.key }, column.label)));
    const ends = ["from", "to"].map(name => make("input", {
      type: "number", step: "any", placeholder: say(name), "aria-label": say(name),
    }));
    const unit = make("span");
    const range = make("span", { className: "controls" }, ...ends, unit, make("button", {}, say("Filter")));
    const boxes = make("span", { className: "controls boxes", role: "group" });
    const column = () => study.column(select.value);

    function drawBoxes() {
      const held = study.filters.get(column().key)?.values;
      const names = study.texts(column());
      const toggle = () => {
        const on = [...boxes.querySelectorAll("input")].filter(box => box.checked).map(box => box.value);
        study.filter(column().key, on.length === names.length ? null : { values: new Set(on) });
      };
      boxes.replaceChildren(...names.map(name => make("label", {}, make("input", {
        type: "checkbox", value: name, checked: held?.has(name) ?? true, onchange: toggle,
      }), ` ${name}`)));
    }

    function draw() {
      const { numeric, percent, label } = column();
      [range.hidden, boxes.hidden] = [!numeric, numeric];
      unit.textContent = percent ? "%" : "";
      boxes.setAttribute("aria-label", label);
      if (!numeric) drawBoxes();
    }

    function apply(event) {
      event.preventDefault();
      const scale = column().percent ? 100 : 1;
      const [low, high] = ends.map(end => end.value === "" ? null : Number(end.value) / scale);
      const given = low !== null || high !== null;
      study.filter(select.value, given ? { low: low ?? -Infinity, high: high ?? Infinity } : null);
    }

    select.addEventListener("change", draw);
    select.value = study.objective;
    draw();
    study.listen("rows", () => { // a filter that was set elsewhere; a box that has the focus stays
      if (!column().numeric && !boxes.contains(document.activeElement)) drawBoxes();
    });
    return make("form", { onsubmit: apply },
      make("fieldset", {}, make("legend", {}, say("Filter by")), select, range, boxes));
  }

  const filters = make("p", { className: "filters" });

  function drawFilters() {
    const text = (column, { low, high, values }) => values
      ? `${column.label}: ${[...values].join(", ") || say("none")}`
      : [low > -Infinity ? `${cellText(column, low)} ≤ ` : "", column.label,
        high < Infinity ? ` ≤ ${cellText(column, high)}` : ""].join("");
    filters.replaceChildren(...[...study.filters].map(([key, filter]) => make("button", {
      type: "button", title: say("Remove this filter"), onclick: () => study.filter(key, null),
    }, `${text(study.column(key), filter)} ✕`)));
  }

  function drawRow(row) {
    const trial = row[0];
    const box = make("input", {
      type: "checkbox", checked: study.chosen.has(trial), "aria-label": say("Compare trial {trial}", { trial }),
      onchange: event => study.choose(trial, event.target.checked),
    });
    const name = make("button", {
      type: "button", "aria-pressed": String(trial === study.current),
      "aria-label": say("Trial {trial}", { trial }), onclick: () => study.mark(trial),
    }, String(trial));
    const cells = shown.slice(1).map(column => make("td", {
      className: column.numeric ? "" : "text",
    }, cellText(column, study.value(row, column.key))));
    return make("tr", { className: trial === study.current ? "current" : "", "data-trial": trial },
      make("td", {}, box), make("td", {}, name), ...cells);
  }

  function draw() {
    const rows = study.visible;
    first = Math.min(first, Math.max(0, PART * (Math.ceil(rows.length / PART) - 1)));
    shown.forEach((column, index) => {
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
      ? say("Rows {first} to {last} of {count}", { first: first + 1, last, count: rows.length })
      : say("No trial passes the filters");
    if (rows.length < study.rows.length) {
      count.textContent += ` ${say("({count} trials)", { count: study.rows.length })}`;
    }
    before.disabled = first === 0;
    after.disabled = last >= rows.length;
    drawFilters();
  }

  home.append(
    make("div", { className: "controls" }, ...[states(), conditions()].filter(Boolean)),
    filters,
    make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": say("All trials") },
      make("table", {},
        make("thead", {}, make("tr", {}, make("th", { scope: "col" }, say("compare")), ...heads)), body)),
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
