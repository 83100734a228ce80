// A page that is served asks for a newer one. What the reader has chosen is kept over the change.
"use strict";

{
  const SECONDS = 3, KEPT = "watch";
  const notice = document.createElement("p");
  notice.className = "missing watch";
  notice.setAttribute("role", "status");
  notice.textContent = document.body.dataset.ended;
  notice.hidden = true;
  document.body.prepend(notice);

  const key = element => {
    const home = element.closest("[data-chart], #trials, #chosen") ?? document.body;
    const alike = [...home.querySelectorAll(element.tagName)];
    return [home.dataset.chart ?? home.id, element.tagName, alike.indexOf(element)].join(" ");
  };
  const fields = () => [...document.querySelectorAll("select, input[type=number]")];
  const focusable = () => [...document.querySelectorAll("button, input, select, a, [tabindex]")];

  function keep() {
    const { activeElement: focus } = document;
    const state = { scroll: scrollY, focus: focus === document.body ? null : key(focus) };
    if (typeof study !== "undefined") {
      Object.assign(state, {
        fields: fields().map(field => [key(field), field.value]),
        hidden: [...study.hidden], sorted: study.sorted, current: study.current, chosen: [...study.chosen],
        filters: [...study.filters].map(([column, { low, high, values }]) =>
          [column, values ? { values: [...values] } : { low: String(low), high: String(high) }]),
      });
    }
    sessionStorage.setItem(KEPT, JSON.stringify(state));
  }

  function restore() {
    const state = JSON.parse(sessionStorage.getItem(KEPT));
    sessionStorage.removeItem(KEPT);
    if (state === null) return;
    if (state.fields && typeof study !== "undefined") restoreStudy(state);
    focusable().find(element => key(element) === state.focus)?.focus({ preventScroll: true });
    scrollTo(0, state.scroll);
  }

  function restoreStudy({ fields: before, hidden, sorted, current, chosen, filters }) {
    const values = new Map(before);
    for (const field of fields()) {
      const value = values.get(key(field));
      const known = field.tagName !== "SELECT" || [...field.options].some(option => option.value === value);
      if (value === undefined || !known || value === field.value) continue;
      field.value = value;
      field.dispatchEvent(new Event("change"));
    }
    for (const label of document.querySelectorAll("#trials fieldset label")) {
      if (hidden.includes(label.textContent.trim())) label.querySelector("input").click();
    }
    for (const [column, { low, high, values: texts }] of filters) {
      if (study.column(column)) {
        study.filter(column, texts ? { values: new Set(texts) } : { low: Number(low), high: Number(high) });
      }
    }
    if (sorted.key !== null && study.column(sorted.key)) {
      study.sort(sorted.key);
      if (sorted.down) study.sort(sorted.key);
    }
    chosen.filter(study.row).forEach(trial => study.choose(trial, true));
    if (current !== null && study.row(current)) study.mark(current);
  }

  let held = false;
  addEventListener("pointerdown", () => { held = true; });
  for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => { held = false; });
  const busy = () => held || document.hidden || getSelection().toString() !== "";

  let timer = null;
  async function look() {
    clearTimeout(timer);
    try {
      const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-store" });
      notice.hidden = answer.ok;
      if (answer.ok && answer.headers.get("ETag") !== `"${document.body.dataset.version}"` && !busy()) {
        keep();
        location.reload();
        return;
      }
    } catch {
      notice.hidden = false;
    }
    timer = setTimeout(look, 1000 * SECONDS);
  }

  restore();
  timer = setTimeout(look, 1000 * SECONDS);
  addEventListener("focus", look); // a reader who comes back need not wait
}
