// The chosen trials side by side: what differs, the lines to type, the learning curves on one axis.
"use strict";

{
  const home = document.getElementById("chosen");
  const result = make("span", { role: "status", className: "note" });

  async function copy(text, code) {
    try {
      await navigator.clipboard.writeText(text);
      result.textContent = say("Copied.");
    } catch { // the browser forbids it: the text is selected, Ctrl-C copies it
      getSelection().selectAllChildren(code);
      result.textContent = say("Selected: press Ctrl-C to copy.");
    }
  }

  function line(text, label) {
    const code = make("code", {}, text);
    return [make("button", { type: "button", "aria-label": label, onclick: () => copy(text, code) }, say("Copy")),
      " ", code];
  }

  const commands = trial => {
    const row = study.row(trial);
    const directory = study.command.directories[trial];
    const words = study.command.overrides[trial];
    return [
      [say("directory"), directory === undefined ? [""] : [make("a", { href: directory }, directory)]],
      [say("repeat it"), line(study.command.reruns?.[trial] ?? `${study.command.rerun} ${row[0]}`,
        say("Copy the rerun line of {trial}", { trial: study.name(trial) }))],
      [say("overrides"), words ? line(words, say("Copy the overrides of {trial}", { trial: study.name(trial) })) : [""]],
    ];
  };

  function draw() {
    const trials = study.marked;
    home.hidden = trials.length === 0;
    if (home.hidden) return;
    const rows = trials.map(trial => study.row(trial));
    const differs = column => new Set(rows.map(row => study.value(row, column.key))).size > 1;
    const given = study.columns.slice(1).filter(column =>
      rows.some(row => study.value(row, column.key) !== null));
    const [different, same] = [given.filter(differs), given.filter(column => !differs(column))];
    const cells = column => rows.map(row => make("td", { className: column.numeric ? "" : "text" },
      cellText(column, study.value(row, column.key))));
    const block = (title, columns) => columns.length === 0 ? [] : [
      make("tr", {}, make("th", { colSpan: rows.length + 1, className: "text" }, title)),
      ...columns.map(column => make("tr", {},
        make("th", { scope: "row", className: "text", title: column.key }, column.label),
        ...cells(column))),
    ];
    const lines = trials.map(commands);
    const told = index => lines.some(each => each[index][1][0] !== "");
    const links = lines[0].flatMap(([name], index) => !told(index) ? [] : make("tr", {},
      make("th", { scope: "row", className: "text" }, name),
      ...lines.map(each => make("td", { className: "text" }, ...each[index][1]))));
    const several = trials.length > 1;
    const head = trial => make("th", { scope: "col" }, `${study.name(trial)} `, make("button", {
      type: "button", "aria-label": say("Put {trial} away", { trial: study.name(trial) }),
      onclick: () => { study.choose(trial, false); if (trial === study.current) study.mark(trial); },
    }, "✕"));
    const body = several
      ? [...block(say("differs"), different), ...block(say("the same"), same)] : block("", given).slice(1);
    home.querySelector(".values").replaceChildren(
      make("h3", {}, several ? say("Trials side by side") : study.name(trials[0]).replace(/^trial (?=\d+$)/, "Trial ")),
      make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": say("Chosen trials") },
        make("table", { className: "sides" },
          make("thead", {}, make("tr", {}, make("td"), ...trials.map(head))),
          make("tbody", {}, ...body, ...links))),
      result);
  }

  home.prepend(make("div", { className: "values" }));
  study.listen("marks", draw);
}
