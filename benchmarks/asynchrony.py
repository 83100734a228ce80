"""What workers without a barrier cost in best-found accuracy, at equal numbers of trials.

    python benchmarks/asynchrony.py --figure asynchrony.svg

A sampler that is asked while other trials run knows less than one that waits for each: with W
workers it has not seen the values of the W - 1 trials that run. The searches of the quickstart's
space are replayed from recorded curves, as in searches.py, to the end of each trial: TPE with 1 to
64 workers, asynchronously and in waves, and random search, which knows nothing and so loses
nothing. A row of the table is the median (quartiles) over the seeds of the best validation
accuracy once so many trials have ended, and the simulated time, as a share of that of TPE with one
worker.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from searches import MAXIMIZE, PACKED, Curves, quickstart, recorded, spread
from simulated import Ended, Simulation
from simulated_searchers import Ours

WAYS = (("TPE", "tpe", False), ("TPE in waves", "tpe", True), ("random", "random", False))


def search(
    sampler: str, waves: bool, workers: int, seed: int, given: argparse.Namespace
) -> list[Ended]:
    """Returns the trials of one search in the order in which they ended."""
    words = (f"hydra/sweeper/sampler={sampler}", f"hydra.sweeper.sampler.seed={seed}", MAXIMIZE)
    searcher = Ours(quickstart(), *words, f"hydra.sweeper.n_trials={max(given.trials)}")
    simulation = Simulation(searcher, given.curves.run, workers, waves=waves)
    return simulation.ended()


def best(ended: Sequence[Ended], trials: int) -> float:
    return max(each.value for each in ended[:trials])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--trials", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--seeds", type=int, default=20, help="of the sampler")
    parser.add_argument("--figure", type=Path, help="where to draw the table")
    given = parser.parse_args()
    given.curves = Curves(recorded(PACKED), epoch_seconds=0.15)
    columns = " | ".join(f"after {trials} trials" for trials in given.trials)
    print(f"| search | workers | {columns} | time |\n{'| --- ' * (len(given.trials) + 3)}|")
    alone, found = 0.0, {}
    for name, sampler, waves in WAYS:
        for workers in given.workers:
            if waves and workers == 1:
                continue
            runs = [search(sampler, waves, workers, seed, given) for seed in range(given.seeds)]
            seconds = median(run[-1].seconds for run in runs)
            alone = alone or seconds
            found[name, workers] = [[best(run, trials) for run in runs] for trials in given.trials]
            cells = " | ".join(spread(values) for values in found[name, workers])
            print(f"| {name} | {workers} | {cells} | {seconds / alone:.3f} |", flush=True)
    if given.figure:
        draw(found, given)


def draw(found: dict[tuple[str, int], list[list[float]]], given: argparse.Namespace) -> None:
    """Draws the best value against the number of workers, a picture for each number of trials."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.5), layout="constrained")
    axes = figure.subplots(1, len(given.trials), sharey=True, squeeze=False)[0]
    for place, (axis, trials) in enumerate(zip(axes, given.trials, strict=True)):
        for color, (name, _, _) in enumerate(WAYS):
            own = {workers: rows[place] for (way, workers), rows in found.items() if way == name}
            middle = [median(values) for values in own.values()]
            quarter = [sorted(values) for values in own.values()]
            low = [values[len(values) // 4] for values in quarter]
            high = [values[-1 - len(values) // 4] for values in quarter]
            axis.plot(list(own), middle, marker="o", color=f"C{color}", label=name)
            axis.fill_between(list(own), low, high, color=f"C{color}", alpha=0.12, lw=0)
        axis.set(xscale="log", xticks=given.workers, title=f"after {trials} trials")
        axis.set_xticklabels([str(workers) for workers in given.workers])
        axis.minorticks_off()
        axis.set_xlabel("workers")
    axes[0].set_ylabel("best validation accuracy")
    axes[-1].legend()
    figure.savefig(given.figure)


if __name__ == "__main__":
    main()
