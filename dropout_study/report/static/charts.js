// The interactive figures, drawn by Apache ECharts. Each is a function from the state to an option.
"use strict";

{
  const night = matchMedia("(prefers-color-scheme: dark)");
  const MAPS = { // cividis; in the dark without its darkest part
    false: ["#00224e", "#434e6c", "#7d7c78", "#bcae6c", "#fee838"],
    true: ["#4f6fae", "#7d8798", "#a39f86", "#d0bf62", "#fee838"],
  };
  const BLUE = { false: "#0072B2", true: "#56B4E9" };
  const STATES = {
    COMPLETE: ["circle", BLUE], PRUNED: ["triangle", { false: "#CC79A7", true: "#CC79A7" }],
    PAUSED: ["diamond", { false: "#009E73", true: "#009E73" }],
  };
  const OTHER = ["rect", { false: "#666666", true: "#aaaaaa" }];
  const MARKS = ["#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8c8c8c"]; // of the marked trials
  const MOST_LINES = 100, MOST_AXES = 9, MANY = 3000;
  const ink = () => night.matches ? "#dddddd" : "#222222";
  const faint = () => night.matches ? "#444444" : "#dddddd";
  const colour = trial => MARKS[study.marked.indexOf(trial) % MARKS.length];
  const complete = rows => rows.filter(row => study.value(row, "state") === "COMPLETE");
  const params = study.columns.filter(column => column.param);
  const axisText = column => number => cellText({ ...column, param: true }, number).replace(/\.?0+\u00a0%$/, "\u00a0%");

  function axis(column, more = {}) {
    const base = {
      name: column.label + (column.log ? say(" (log)") : ""), nameLocation: "middle", nameGap: 28,
      nameTextStyle: { color: ink() }, axisLabel: { color: ink(), hideOverlap: true },
      splitLine: { lineStyle: { color: faint() } }, axisLine: { lineStyle: { color: ink() } }, ...more,
    };
    if (!column.numeric) return { ...base, type: "category", data: categories(column) };
    base.axisLabel = { ...base.axisLabel, formatter: axisText(column) };
    const whole = column.whole ? { minInterval: 1 } : {};
    return { ...base, ...whole, type: column.log ? "log" : "value", scale: true };
  }

  const categories = column => [...new Set(study.rows.map(row => study.value(row, column.key))
    .filter(cell => cell !== null))].map(String).sort();

  function tip(trial, first = null) {
    const row = study.row(trial);
    return make("div", { className: "tip" }, make("strong", {}, study.name(trial)),
      ...[...(first === null ? [] : [first]), ...trialLines(row)].map(text => make("div", {}, text)));
  }

  const frame = () => ({
    animation: false,
    textStyle: { color: ink() },
    aria: { enabled: true },
    grid: { left: 64, right: 16, top: 36, bottom: 48 },
    legend: { top: 0, type: "scroll", textStyle: { color: ink() } },
    tooltip: {
      confine: true, formatter: ({ data, name }) => data?.trial === undefined
        ? make("span", {}, name) : tip(data.trial, data.told),
    },
  });

  /** Returns points [x, y] of the rows that have both, each with its trial. */
  const points = (rows, x, y) => rows
    .map(row => ({ value: [study.value(row, x), study.value(row, y)], trial: row[0] }))
    .filter(({ value: [a, b] }) => a !== null && b !== null);

  const beyondNote = (beyond, one, several) => beyond === 0 ? "" : beyond === 1 ? one : several;
  const trialsNote = beyond => beyondNote(
    beyond, say("{count} trial is beyond the axis and drawn as a triangle at its edge.", { count: beyond }),
    say("{count} trials are beyond the axis and drawn as triangles at its edge.", { count: beyond }));

  const ring = data => ({
    type: "scatter", name: say("marked"), data: data.map(point => ({
      ...point, itemStyle: { color: "transparent", borderColor: colour(point.trial), borderWidth: 3 },
    })), symbolSize: 16, z: 5, itemStyle: { color: "transparent", borderColor: MARKS[0], borderWidth: 3 },
  });

  const marked = rows => rows.filter(row => study.marked.includes(row[0]));

  function history() {
    const [x, y] = ["trial", study.objective];
    const states = [...new Set(study.visible.map(row => study.value(row, "state")))].sort();
    const { ends, beyond } = limits(points(study.rows, x, y).map(({ value }) => value[1]), study.minimize);
    const series = states.map(state => {
      const [symbol, colours] = STATES[state] ?? OTHER;
      const data = within(points(study.visible.filter(row => study.value(row, "state") === state), x, y), ends);
      return {
        type: "scatter", name: state, data, symbol, symbolSize: data.length > 300 ? 5 : 9, z: 3,
        itemStyle: { color: colours[night.matches] }, large: data.length > MANY,
      };
    });
    let best = null;
    const better = study.minimize ? Math.min : Math.max;
    const inOrder = points(complete(study.rows), x, y).sort((a, b) => a.value[0] - b.value[0]);
    const steps = inOrder.map(({ value: [number, cell] }) =>
      [number, best = best === null ? cell : better(best, cell)]);
    return {
      note: trialsNote(beyond),
      ...frame(), xAxis: axis(study.column(x)), yAxis: axis(study.column(y), { nameGap: 48, ...ends }),
      series: [...series, {
        type: "line", name: say("best so far"), step: "end", symbol: "none", data: steps, silent: true,
        lineStyle: { color: ink(), width: 1.5 }, itemStyle: { color: ink() },
      }, ring(within(points(marked(study.visible), x, y), ends))],
    };
  }

  function effect(controls) {
    const [x, y] = [controls.parameter.value, study.objective];
    const column = study.column(x), shade = study.column(controls.colour.value);
    const rows = complete(study.visible).filter(row => study.value(row, shade.key) !== null);
    const cells = rows.map(row => study.value(row, shade.key));
    const scaled = cell => shade.log ? Math.log10(cell) : cell;
    const { ends, beyond } = limits(points(complete(study.rows), x, y).map(({ value }) => value[1]), study.minimize);
    const data = within(points(rows, x, y), ends).map(point => ({
      ...point, value: [column.numeric ? point.value[0] : String(point.value[0]), point.value[1],
        scaled(study.value(study.row(point.trial), shade.key))],
    }));
    const shown = v => cellText(shade, shade.log ? 10 ** v : v);
    return {
      note: trialsNote(beyond),
      ...frame(), legend: { show: false }, xAxis: axis(column), yAxis: axis(study.column(y), { nameGap: 48, ...ends }),
      grid: { left: 64, right: 96, top: 20, bottom: 48 },
      visualMap: {
        type: "continuous", ...span(cells.map(scaled)), show: cells.length > 0 && shade.key !== x, dimension: 2,
        seriesIndex: 0, right: 0, top: "middle", formatter: shown, calculable: false,
        text: [largest(cells), smallest(cells)].map(cell => cellText(shade, cell)),
        textStyle: { color: ink() }, inRange: { color: MAPS[night.matches] },
      },
      series: [{ type: "scatter", data, symbolSize: data.length > 300 ? 6 : 10, large: data.length > MANY, z: 3 },
        ...predicted(column), ring(data.filter(({ trial }) => study.marked.includes(trial)))],
    };
  }

  /** Returns what the Gaussian process predicts of a parameter: its mean, and a band of two deviations. */
  function predicted(column) {
    const effect = study.effects?.[column.key];
    if (!effect) return [];
    const colour = BLUE[night.matches];
    const line = (name, cells, more) => ({
      type: "line", name, silent: true, symbol: "none", z: 1, lineStyle: { opacity: 0 }, ...more,
      data: effect.at.map((at, index) => [at, cells[index] ?? "-"]),
    });
    const mean = { lineStyle: { color: colour, width: 2 }, itemStyle: { color: colour }, z: 4 };
    if (!column.numeric) {
      const ends = effect.at.flatMap((at, index) => effect.mean[index] === null ? []
        : [[String(at), effect.mean[index] - 2 * effect.sd[index], effect.mean[index] + 2 * effect.sd[index]]]);
      return [line(say("predicted mean"), effect.mean, { ...mean, lineStyle: { opacity: 0 }, symbol: "diamond", symbolSize: 9 }), {
        type: "custom", name: "band", silent: true, z: 4, data: ends, encode: { x: 0, y: [1, 2] },
        renderItem: (_, api) => {
          const [[x, y1], [, y2]] = [1, 2].map(end => api.coord([api.value(0), api.value(end)]));
          return { type: "line", shape: { x1: x, x2: x, y1, y2 }, style: { stroke: colour, lineWidth: 2 } };
        },
      }];
    }
    return [
      line(say("predicted mean"), effect.mean, mean),
      line("below", effect.mean.map((cell, index) => cell === null ? null : cell - 2 * effect.sd[index]), { stack: "band" }),
      line("band", effect.sd.map((sd, index) => effect.mean[index] === null ? null : 4 * sd), {
        stack: "band", areaStyle: { color: colour, opacity: 0.25 },
      }),
    ];
  }

  function pareto(controls) {
    const { x, y, front, joined, step } = study.pareto[Number(controls.pair?.value ?? 0)];
    const trials = points(complete(study.rows), x, y), best = front.map(study.row);
    const loss = y === study.objective ? study.minimize : y.endsWith("loss");
    const { ends, beyond } = limits(trials.map(({ value }) => value[1]), loss, 3, points(best, x, y).map(({ value }) => value[1]));
    const shown = within(points(complete(study.visible), x, y), ends);
    return {
      note: trialsNote(beyond),
      ...frame(), xAxis: axis(study.column(x)), yAxis: axis(study.column(y), { nameGap: 48, ...ends }),
      series: [{
        type: "scatter", name: say("complete"), data: shown, symbolSize: shown.length > 300 ? 5 : 9, z: 3,
        itemStyle: { color: OTHER[1][night.matches] }, large: shown.length > MANY,
      }, {
        type: "line", name: say("not dominated"), step, data: points(best, x, y), symbol: "circle", symbolSize: 9, z: 4,
        lineStyle: { color: MARKS[0], width: joined ? 2 : 0 }, itemStyle: { color: MARKS[0] },
      }, ring(within(points(marked(study.visible), x, y), ends))],
    };
  }

  function lines(trials, metric) {
    const { epochs, values } = study.curves;
    const column = study.curves.columns.find(({ key }) => key === metric);
    const series = trials.filter(trial => values[metric][trial]).map(trial => {
      const on = study.marked.includes(trial);
      const style = { color: on ? colour(trial) : BLUE[night.matches], opacity: on ? 1 : 0.35 };
      return {
        type: "line", name: on ? study.name(trial) : say("other trials"), z: on ? 4 : 2, symbolSize: on ? 5 : 3,
        lineStyle: { ...style, width: on ? 2.5 : 1 }, itemStyle: style, triggerLineEvent: true, id: `trial ${trial}`,
        data: values[metric][trial].map((cell, index) => ({
          value: [epochs[trial][index], cell], trial, told: `${say("epoch {epoch}", { epoch: epochs[trial][index] })}: ${cellText(column, cell)}`,
        })),
      };
    });
    const epoch = { key: "epoch", label: say("epoch"), numeric: true, whole: true };
    const minimize = metric.endsWith("loss") || (metric === study.objective && study.minimize);
    const shown = trials.map(trial => values[metric][trial] ?? []);
    const keep = study.marked.flatMap(trial => values[metric][trial]?.slice(-1) ?? []).filter(cell => cell !== null);
    const { ends, beyond } = limits(shown.flat().filter(cell => cell !== null), minimize, 1.5, keep);
    const note = beyondNote(beyond, say("{count} value is beyond the axis and not drawn.", { count: beyond }),
      say("{count} values are beyond the axis and not drawn.", { count: beyond }));
    return { note, ...frame(), xAxis: axis(epoch), yAxis: axis(column, { nameGap: 48, ...ends }), series };
  }

  function curves(controls) {
    const shown = study.visible.slice(0, MOST_LINES).map(row => row[0]);
    return lines([...new Set([...shown, ...study.marked])], controls.metric.value);
  }

  const sides = controls => lines(study.marked, controls.metric.value);

  const axes = [...params.slice(0, MOST_AXES).map(({ key }) => key), study.objective].map(study.column);
  const onAxis = key => axes.some(column => column.key === key);

  function parallel() {
    const rows = complete(study.rows).filter(row => study.passes(row, onAxis));
    const values = complete(study.rows).map(row => study.value(row, study.objective));
    const { ends: cut, beyond } = limits(values, study.minimize);
    const limited = cell => typeof cell === "number" ? Math.min(Math.max(cell, cut.min ?? -Infinity), cut.max ?? Infinity) : cell;
    const scale = rows.map(row => limited(study.value(row, study.objective)));
    const entry = row => ({
      trial: row[0],
      value: axes.map(column => study.value(row, column.key) ?? "-")
        .map((cell, index) => axes[index].numeric ? cell : String(cell))
        .map((cell, index) => index === axes.length - 1 ? limited(cell) : cell),
    });
    const over = marked(rows).map(row => ({
      ...entry(row), lineStyle: { color: colour(row[0]), width: 4, opacity: 1 },
    }));
    const best = study.minimize ? -1 : 1;
    const order = [...rows].sort((a, b) =>
      best * (study.value(a, study.objective) - study.value(b, study.objective)));
    return {
      note: beyondNote(beyond, say("{count} trial ends beyond the axis.", { count: beyond }),
        say("{count} trials end beyond the axis.", { count: beyond })),
      ...frame(), legend: { show: false },
      parallel: { left: 50, right: 60, top: 50, bottom: 20, axisExpandable: false },
      parallelAxis: axes.map((column, dim) => {
        const cells = column.numeric ? complete(study.rows)
          .map(row => study.value(row, column.key)).filter(cell => cell !== null) : [];
        const last = dim === axes.length - 1;
        const ends = column.numeric ? round(span(last ? cells.map(limited) : cells), column) : {};
        return {
          ...axis(column, { ...ends, nameLocation: "end", nameGap: dim % 2 ? 26 : 10 }), dim,
          areaSelectStyle: { width: 22, color: BLUE[night.matches], borderColor: BLUE[night.matches] },
        };
      }),
      visualMap: {
        show: false, type: "continuous", ...span(scale), seriesIndex: 0,
        dimension: axes.length - 1, inRange: { color: MAPS[night.matches] },
      },
      series: [{
        type: "parallel", data: order.map(entry), lineStyle: { width: rows.length > 300 ? 1 : 2, opacity: 0.6 },
        progressive: rows.length > MANY ? 500 : 0, inactiveOpacity: 0.04,
      }, { type: "parallel", data: over, z: 4, inactiveOpacity: 0.3 }],
    };
  }

  function brushed(chart, { parallelAxisId }) {
    const models = chart.getModel().queryComponents({ mainType: "parallelAxis" });
    const index = models.findIndex(model => model.id === parallelAxisId || parallelAxisId === undefined);
    const [column, ranges] = [axes[index], models[index]?.activeIntervals ?? []];
    if (!column) return;
    const [low, high] = ranges[0] ?? [];
    const names = column.numeric ? [] : categories(column);
    if (!ranges.length) study.filter(column.key, null);
    else if (column.numeric) { // a brush up to the end of the axis takes what is beyond it, too
      const [first, last] = models[index].axis.scale.getExtent();
      const [from, to] = [Math.min(low, high), Math.max(low, high)];
      study.filter(column.key, { low: from <= first ? -Infinity : from, high: to >= last ? Infinity : to });
    }
    else study.filter(column.key, { values: new Set(names.filter((_, i) => i >= low && i <= high)) });
  }

  /** Shows the filters of the table as brushes. */
  function showBrushes(chart) {
    const models = chart.getModel().queryComponents({ mainType: "parallelAxis" });
    axes.forEach((column, index) => {
      const filter = study.filters.get(column.key);
      const limits = models[index].axis.scale.getExtent();
      const names = filter?.values ? categories(column) : [];
      const held = names.flatMap((name, at) => filter.values.has(name) ? [at] : []);
      const interval = !filter ? [] : filter.values
        ? [[held[0] ?? -1, held.at(-1) ?? -1]]
        : [[Math.max(filter.low, limits[0]), Math.min(filter.high, limits[1])]];
      const now = JSON.stringify(models[index].activeIntervals ?? []);
      if (now !== JSON.stringify(interval)) {
        chart.dispatchAction({ type: "axisAreaSelect", parallelAxisId: models[index].id, intervals: interval }, { silent: true });
      }
    });
  }

  const choice = (label, columns, first) => {
    const select = make("select", {}, ...columns.map(column => make("option", { value: column.key }, column.label)));
    if (columns.some(column => column.key === first)) select.value = first;
    return [make("label", {}, `${label} `, select), select];
  };
  const metrics = () => ({ metric: choice(say("Metric"), study.curves.columns, study.objective) });
  const CAPTIONS = {
    history: say("The trials that pass the filters of the table. One that was stopped early stands at its last value."),
    effect: say("The complete trials that pass the filters; the other parameters are not fixed. The line is what a Gaussian process predicts as the mean over the other parameters of all complete trials, the band plus or minus two standard deviations of it."),
    curves: say("The first {n} trials of the table, as it is filtered and sorted now, and the marked ones.", { n: MOST_LINES }),
    pareto: say("No other complete trial is at least as good as one of the line in every objective and better in one."),
    parallel: say("One line per complete trial. Drag along an axis to filter; a click on the axis ends the filter."),
  };
  const KINDS = {
    history: [history, () => ({}), "rows marks"],
    effect: [effect, () => ({
      parameter: choice(say("Parameter"), params, null),
      colour: choice(say("Colour"), study.columns.filter(column => column.numeric && (column.param || column.key === "trial")), params[1]?.key),
    }), "rows marks"],
    curves: [curves, metrics, "rows marks"],
    sides: [sides, metrics, "marks"],
    parallel: [parallel, () => ({}), "rows marks"],
    pareto: [pareto, () => study.pareto.length < 2 ? {} : { pair: choice(say("Objectives"), study.pareto.map(({ x, y }, index) =>
      ({ key: String(index), label: `${study.column(y).label}, ${study.column(x).label}` })), "0") }, "rows marks"],
  };

  function build(home) {
    if (home.dataset.chart === "pareto" && !study.pareto?.length) { // a column that it needs is constant: the picture stays
      home.previousElementSibling.classList.remove("static");
      home.remove();
      return;
    }
    const [option, inputs, kinds] = KINDS[home.dataset.chart];
    const made = inputs();
    const controls = Object.fromEntries(Object.entries(made).map(([name, [, select]]) => [name, select]));
    const canvas = make("div", { className: "canvas", tabIndex: 0 });
    const text = make("p", { className: "note" });
    home.append(make("div", { className: "controls" }, ...Object.values(made).map(([label]) => label)),
      make("div", { className: "scroll" }, canvas),
      text);
    if (home.dataset.chart === "parallel") canvas.style.minWidth = `${85 * axes.length}px`;
    let chart = null, drawing = false, near = false, stale = true, waiting = false;
    const draw = () => {
      if (!canvas.clientWidth || drawing) return;
      [drawing, stale] = [true, false];
      chart ??= open();
      const { note, ...drawn } = option(controls);
      text.textContent = `${CAPTIONS[home.dataset.chart] ?? ""} ${note ?? ""}`.trim();
      chart.setOption(drawn, { notMerge: home.dataset.chart !== "parallel", replaceMerge: ["series"] });
      if (home.dataset.chart === "parallel") showBrushes(chart);
      drawing = false;
    };
    const ask = () => { // a large study's figure is drawn when it is on the screen, after the table
      stale = true;
      if (study.rows.length <= MANY) draw();
      else if (near && !waiting) {
        waiting = true;
        setTimeout(() => { waiting = false; draw(); });
      }
    };
    const open = () => {
      const opened = echarts.init(canvas, null, { renderer: "canvas" });
      opened.on("click", ({ data, seriesId }) => {
        const trial = data?.trial ?? (seriesId?.startsWith("trial ") ? Number(seriesId.slice(6)) : undefined);
        if (trial !== undefined) study.mark(trial);
      });
      opened.on("axisareaselected", event => { if (!drawing) brushed(opened, event); });
      home.chart = opened; // for tests and for a reader's own scripts
      return opened;
    };
    canvas.addEventListener("keydown", event => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (by) study.move(by);
      else if (event.key === "Enter" && study.current !== null) study.choose(study.current, !study.chosen.has(study.current));
      else return;
      event.preventDefault();
    });
    Object.values(controls).forEach(select => select.addEventListener("change", ask));
    kinds.split(" ").forEach(kind => study.listen(kind, ask));
    new IntersectionObserver(entries => {
      near = entries.at(-1).isIntersecting;
      if (near && stale) ask();
    }).observe(canvas);
    new ResizeObserver(() => { if (chart && canvas.clientWidth) chart.resize(); else ask(); }).observe(canvas);
    night.addEventListener("change", () => { chart?.dispose(); chart = null; ask(); });
  }

  const spoken = document.getElementById("spoken");
  study.listen("marks", () => {
    spoken.textContent = study.current === null ? "" : `${study.name(study.current)}, ${trialLines(study.row(study.current)).join(", ")}`;
  });
  document.documentElement.classList.add("live");
  document.querySelectorAll("[data-chart]").forEach(build);
  study.refresh();
}
