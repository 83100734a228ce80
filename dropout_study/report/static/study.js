// The trials of the page, and which of them are filtered, sorted, chosen. Table and figures listen.
"use strict";

const study = (() => {
  const { columns, rows, curves, objective, minimize, command, names, effects, pareto, chosen: first } =
    JSON.parse(document.getElementById("study-data").textContent);
  const place = new Map(columns.map((column, index) => [column.key, index]));
  const byTrial = new Map(rows.map(row => [row[0], row]));
  const listeners = { rows: [], marks: [] };
  const hidden = new Set(); // states that are not shown
  const filters = new Map(); // column -> {low, high} of numbers, or {values: Set} of texts
  const chosen = new Set(first); // trials to compare, in the order of choice
  const sorted = { key: null, down: false }; // key null: the order of the rows, the best first
  let current = null;
  let visible = rows;

  const tell = kind => listeners[kind].forEach(listener => listener());
  const value = (row, key) => row[place.get(key)];
  const passes = (row, without) => !hidden.has(value(row, "state")) &&
    [...filters].every(([key, filter]) => key === without?.(key) || inside(value(row, key), filter));
  const inside = (cell, { low, high, values }) =>
    values ? values.has(cell) : cell !== null && cell >= low && cell <= high;

  function compare(a, b) {
    const [x, y] = [value(a, sorted.key), value(b, sorted.key)];
    if (x === null || y === null) return (x === null) - (y === null); // empty cells come last
    const order = typeof x === "number" && typeof y === "number"
      ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
    return sorted.down ? -order : order;
  }

  function update() {
    visible = rows.filter(row => passes(row));
    if (sorted.key !== null) visible = [...visible].sort(compare);
    tell("rows");
  }

  return {
    columns, rows, curves, objective, minimize, command, effects, pareto, hidden, filters, chosen, sorted, value, passes,
    texts: column => [...new Set(rows.map(row => value(row, column.key)).filter(cell => cell !== null))]
      .map(String).sort(),
    column: key => columns[place.get(key)],
    row: trial => byTrial.get(trial),
    name: trial => names?.[trial] ?? say("trial {trial}", { trial }), // a page of several studies gives names
    get visible() { return visible; },
    get current() { return current; },
    get marked() { return [...new Set([...chosen, ...(current === null ? [] : [current])])]; },
    listen: (kind, listener) => listeners[kind].push(listener),
    refresh: () => { tell("rows"); tell("marks"); },
    sort(key) {
      sorted.down = sorted.key === key && !sorted.down;
      sorted.key = key;
      update();
    },
    filter(key, filter) {
      if (filter) filters.set(key, filter); else filters.delete(key);
      update();
    },
    show(state, shown) {
      if (shown) hidden.delete(state); else hidden.add(state);
      update();
    },
    mark(trial) {
      current = trial === current ? null : trial;
      tell("marks");
    },
    choose(trial, on) {
      if (on) chosen.add(trial); else chosen.delete(trial);
      tell("marks");
    },
    move(by) { // makes the next or previous row of the table the current one
      const index = visible.findIndex(row => row[0] === current);
      const next = visible[index < 0 ? 0 : Math.min(Math.max(index + by, 0), visible.length - 1)];
      if (next && next[0] !== current) this.mark(next[0]);
    },
  };
})();

const TEXTS = JSON.parse(document.getElementById("texts").textContent);

/** Returns a text in the language of the page, with its {placeholders} filled in. */
function say(text, values = {}) {
  return (TEXTS[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Returns a cell as text: an accuracy in percent, another number with four digits (a parameter without zeros at its end). */
function cellText(column, cell) {
  if (cell === null || cell === undefined) return "";
  if (typeof cell !== "number") return String(cell);
  if (column.percent) return `${(100 * cell).toFixed(2)}\u00a0%`;
  if (column.whole ?? Number.isInteger(cell)) return String(cell);
  return column.param ? String(Number(cell.toPrecision(4))) : cell.toPrecision(4);
}

/** Makes an element. Texts are set as text, so that a name that looks like HTML stays a name. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, given] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), given);
    else if (name in element) element[name] = given;
    else element.setAttribute(name, given);
  }
  element.append(...children.filter(child => child !== null));
  return element;
}

/** Returns the sentence that is spoken and shown for a trial. */
function trialLines(row) {
  const told = study.columns.slice(1).map(column => [column, study.value(row, column.key)]);
  return told.filter(([, cell]) => cell !== null)
    .map(([column, cell]) => `${column.label}: ${cellText(column, cell)}`);
}
