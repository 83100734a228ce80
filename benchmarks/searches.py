"""Searches of the quickstart's space at the same number of epochs, replayed from recorded curves.

    python benchmarks/searches.py --record outputs/design       trains a design of the space: hours
    python benchmarks/searches.py --curves outputs/design --figure searches.png

Searches of ten seeds by eight methods would train for a day. So the learning curves of a design
(the first points of a Sobol sequence) are recorded once, and the searches are replayed: a trial's
curve is interpolated between those of the recorded points, at the same share of its epochs (the
learning rate's schedule is a function of that share). Every draw is a function of the seed alone
(common random numbers), so a curve is a function of the point. The clock is simulated: all trials
have the same network, so an epoch takes the same time in each. The points that the quickstart runs
first are left out: the other programs have none.

``--record`` continues where it was stopped, also with more --points. Curves are kept in the
directory's results.csv and histories.csv, or in one file, by ``--pack FILE.csv.gz``.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import nan
from pathlib import Path
from statistics import median, quantiles, stdev
from typing import Any

import numpy as np
import optuna
import pandas as pd
from omegaconf import OmegaConf
from scipy.interpolate import RBFInterpolator
from simulated import Params, Searcher, Simulation, Step
from simulated_searchers import Ours, PlainOptuna, plan_of

from dropout_study.paths import StudyPaths, conf_dir
from dropout_study.results.histories import histories_frame

PACKED = Path(__file__).with_name("quickstart_curves.csv.gz")
EPOCHS = "trainer.epochs"
SHARES = np.linspace(0, 1, 41)[1:]  # of a trial's epochs, at which curves are interpolated
METRICS = ("val_accuracy", "test_accuracy")
MAXIMIZE = "hydra.sweeper.direction=maximize"
HALVING = ["min_resource=4", "reduction_factor=2"]
OPTIONS: dict[str, list[str]] = {
    "random": ["hydra/sweeper/sampler=random"],
    "TPE": [],
    "TPE, median": ["hydra/sweeper/pruner=median", "hydra.sweeper.pruner.n_warmup_steps=4"],
    "TPE, successive halving": [
        "hydra/sweeper/pruner=successive_halving",
        *(f"hydra.sweeper.pruner.{each}" for each in HALVING),
    ],
    "TPE, pause and promote": [
        "hydra/sweeper/pruner=pause_and_promote",
        *(f"hydra.sweeper.pruner.{each}" for each in HALVING),
    ],
    "TPE, learning curves": ["hydra/sweeper/pruner=learning_curves"],
}
"""Our own searches: the settings of the sweeper."""


def quickstart() -> dict[str, str]:
    """Returns the quickstart's space."""
    space = OmegaConf.load(conf_dir() / "search_space" / "quickstart.yaml").params
    return {str(key): str(text) for key, text in space.items()}


def record(root: Path, points: int) -> None:
    """Trains the first points of a Sobol sequence; continues an earlier recording."""
    command = [
        *(sys.executable, "-m", "dropout_study", "--multirun"),
        *("experiment=quickstart", "trainer.measure=[]"),
        *("hydra/sweeper/sampler=qmc", f"hydra.sweeper.n_trials={points}", "report=none"),
        *("search_space.enqueue=[]", "hydra/launcher=population", f"hydra.sweep.dir={root}"),
    ]
    subprocess.run(command, check=True)


def recorded(path: Path) -> pd.DataFrame:
    """Returns the recorded curves: a row a trial and epoch, with the trial's parameters."""
    if not path.exists():
        sys.exit(f"{path} does not exist: record curves by --record DIR and give --curves DIR")
    if path.is_file():
        return pd.read_csv(path)
    table = pd.read_csv(StudyPaths(path).results_csv)
    table = table[table["state"] == "COMPLETE"][["trial", *quickstart()]]
    histories, _ = histories_frame(path)
    return table.merge(histories[["trial", "epoch", *METRICS]], on="trial")


class Curves:
    """The learning curve of any point, interpolated between recorded ones.

    Args:
        rows: as ``recorded`` returns them.
        epoch_seconds: of an epoch of any trial.
    """

    def __init__(self, rows: pd.DataFrame, epoch_seconds: float) -> None:
        self.space = plan_of(tuple(quickstart().items())).space
        self.epoch_seconds = epoch_seconds
        trials = [own.sort_values("epoch") for _, own in rows.groupby("trial")]
        self.points = np.array([self._place(own.iloc[0]) for own in trials])
        self.curves = np.array([self._resampled(own) for own in trials])
        self._at = RBFInterpolator(self.points, self.curves, kernel="linear")

    def _place(self, params: Mapping[str, Any]) -> list[float]:
        """Returns a point in the unit cube."""
        place = []
        for name, each in self.space.items():
            scale: Callable[[float], float] = np.log if each.log else float
            low, high, value = scale(each.low), scale(each.high), scale(params[name])
            place.append((value - low) / (high - low))
        return place

    @staticmethod
    def _resampled(own: pd.DataFrame) -> np.ndarray:
        shares = own["epoch"] / own["epoch"].max()
        return np.concatenate([np.interp(SHARES, shares, own[metric]) for metric in METRICS])

    def of(self, params: Params) -> tuple[np.ndarray, np.ndarray]:
        """Returns the validation and the test accuracy after each epoch of a trial."""
        epochs = params[EPOCHS]
        both = np.split(self._at([self._place(params)])[0], len(METRICS))
        at = np.arange(1, epochs + 1) / epochs
        validation, test = (np.interp(at, SHARES, curve).round(4) for curve in both)
        return validation, test

    def run(self, params: Params) -> list[Step]:
        """Returns a trial's epochs."""
        return [Step(self.epoch_seconds, float(value)) for value in self.of(params)[0]]

    def error(self) -> tuple[float, float]:
        """Returns how far a recorded trial's last value is from what the others predict.

        Returns:
            The mean absolute error, and that of the value of the nearest other point.
        """
        last, errors, nearest = len(SHARES) - 1, [], []
        for place in range(len(self.points)):
            others = np.arange(len(self.points)) != place
            points, values = self.points[others], self.curves[others, last]
            point, value = self.points[place], self.curves[place, last]
            predicted = RBFInterpolator(points, values, kernel="linear")([point])[0]
            near = values[np.linalg.norm(points - point, axis=1).argmin()]
            errors.append(abs(predicted - value))
            nearest.append(abs(near - value))
        return float(np.mean(errors)), float(np.mean(nearest))


Make = Callable[[int], Searcher]


def searches(options: Mapping[str, Sequence[str]]) -> dict[str, Make]:
    """Returns the searches by name."""
    space = quickstart()

    def ours(overrides: Sequence[str], seed: int) -> Searcher:
        return Ours(space, MAXIMIZE, f"hydra.sweeper.sampler.seed={seed}", *overrides)

    def peer(seed: int) -> Searcher:
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=False, constant_liar=False)
        return PlainOptuna(space, sampler, optuna.pruners.NopPruner(), "maximize")

    def plain(seed: int) -> Searcher:
        sampler = optuna.samplers.TPESampler(seed=seed)
        return PlainOptuna(space, sampler, optuna.pruners.MedianPruner(), "maximize")

    return {
        **{name: partial(ours, overrides) for name, overrides in options.items()},
        "waves (hydra-optuna-sweeper)": peer,
        "Optuna, median": plain,
    }


Result = dict[str, Any]


def replay(name: str, make: Make, seed: int, curves: Curves, arguments: Any) -> Result:
    """Returns one search: its best complete trial after each trial's end, by epochs and seconds."""
    simulation = Simulation(
        make(seed),
        curves.run,
        arguments.workers,
        steps=arguments.epochs,
        waves=name.startswith("waves"),
    )
    best, path = nan, []
    ended = simulation.ended()
    for each in ended:
        if not each.pruned and not each.value <= best:
            best = each.value
            path.append([each.steps, each.seconds, best, float(curves.of(each.params)[1][-1])])
    return {
        "search": name,
        "seed": seed,
        "path": path,
        "trials": len(ended),
        "pruned": sum(each.pruned for each in ended),
        "seconds": max((each.seconds for each in ended), default=0.0),
    }


def at(run: Result, epochs: float, column: int = 2) -> float:
    """Returns the best validation accuracy (2) or its test accuracy (3) after ``epochs``."""
    passed = [entry[column] for entry in run["path"] if entry[0] <= epochs]
    return passed[-1] if passed else nan


def spread(values: Sequence[float]) -> str:
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return f"{median(values):.4f} ({low:.4f}-{high:.4f})"


HEAD = (
    *("search", "best validation accuracy", "its test accuracy", "the same at half the epochs"),
    *("seeds no worse than TPE with half its epochs", "trials", "pruned", "simulated seconds"),
)


def lines(runs: Sequence[Result], epochs: int) -> list[str]:
    """Returns the table: medians and quartiles over the seeds."""
    reference = {run["seed"]: at(run, epochs) for run in runs if run["search"] == "TPE"}
    text = ["| " + " | ".join(HEAD) + " |", "| --- " * len(HEAD) + "|"]
    for name in dict.fromkeys(run["search"] for run in runs):
        own = [run for run in runs if run["search"] == name]
        half = [at(run, epochs / 2) for run in own]
        level = [
            value >= reference.get(run["seed"], nan) for run, value in zip(own, half, strict=True)
        ]
        cells = [
            spread([at(run, epochs) for run in own]),
            spread([at(run, epochs, 3) for run in own]),
            spread(half),
            f"{sum(level)} of {len(own)}",
            *(f"{median(run[key] for run in own):.0f}" for key in ("trials", "pruned", "seconds")),
        ]
        text.append(f"| {name} | {' | '.join(cells)} |")
    if len(reference) > 1:
        error = stdev(reference.values()) / len(reference) ** 0.5
        text.append(f"\none standard error of TPE's mean: {error:.4f}")
    return text


def draw(runs: Sequence[Result], epochs: int, path: Path) -> None:
    """Draws the best validation accuracy and its test accuracy against epochs and seconds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    axes = figure.subplots(2, 2, sharex="col", sharey="row")
    ends = (epochs, max(run["seconds"] for run in runs))
    for place, name in enumerate(dict.fromkeys(run["search"] for run in runs)):
        own = [run for run in runs if run["search"] == name]
        for (row, col), axis in np.ndenumerate(axes):
            grid = np.linspace(ends[col] / 60, ends[col], 60)
            values = np.array([[_last(run["path"], col, x, 2 + row) for x in grid] for run in own])
            low, middle, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0)
            axis.plot(grid, middle, color=f"C{place}", label=name)
            axis.fill_between(grid, low, high, color=f"C{place}", alpha=0.1, lw=0)
    for axis, text in zip(axes[1], ("epochs of all trials", "simulated seconds"), strict=True):
        axis.set_xlabel(text)
    axes[0, 0].set_ylabel("best validation accuracy")
    axes[1, 0].set_ylabel("its test accuracy")
    axes[1, 1].legend(fontsize="small")
    figure.savefig(path, dpi=80)


def _last(path: Sequence[Sequence[float]], by: int, until: float, column: int) -> float:
    passed = [entry[column] for entry in path if entry[by] <= until]
    return passed[-1] if passed else nan


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=Path, metavar="DIR", help="train the design, and stop")
    parser.add_argument("--points", type=int, default=512, help="of the design; a power of two")
    parser.add_argument("--curves", type=Path, default=PACKED, help="DIR of --record, or a file")
    parser.add_argument("--pack", type=Path, metavar="FILE", help="write the curves, and stop")
    parser.add_argument("--epochs", type=int, default=1200, help="of all trials; 40 of the mean")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epoch-seconds", type=float, default=0.15)
    parser.add_argument("--seeds", type=int, default=10, help="of the sampler")
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME=OVERRIDES",
        help="our search with other settings, as in 'GP=hydra/sweeper/sampler=gp'",
    )
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    parser.add_argument("--figure", type=Path, help="where to draw the curves")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    if arguments.record:
        return record(arguments.record, arguments.points)
    rows = recorded(arguments.curves)
    if arguments.pack:
        return rows.round(5).to_csv(arguments.pack, index=False)
    variants = (text.partition("=") for text in arguments.variant)
    options = OPTIONS | {name: words.split() for name, _, words in variants}
    curves = Curves(rows, arguments.epoch_seconds)
    runs: list[Result] = []
    for name, make in searches(options).items():
        runs += [replay(name, make, seed, curves, arguments) for seed in range(arguments.seeds)]
        own = [at(run, arguments.epochs) for run in runs[-arguments.seeds :]]
        print(f"{name}: {spread(own)}", flush=True)
    between, nearest = curves.error()
    facts = {
        "points": len(curves.points),
        "error of an interpolated last value": round(between, 4),
        "of the nearest point's": round(nearest, 4),
        "epochs": arguments.epochs,
        "workers": arguments.workers,
        "optuna": optuna.__version__,
    }
    print("\n" + ", ".join(f"{name}: {value}" for name, value in facts.items()))
    print(f"median (quartiles) over {arguments.seeds} seeds\n")
    print("\n".join(lines(runs, arguments.epochs)))
    if arguments.out:
        arguments.out.write_text(json.dumps({**facts, "runs": runs}) + "\n")
    if arguments.figure:
        draw(runs, arguments.epochs, arguments.figure)


if __name__ == "__main__":
    main()
