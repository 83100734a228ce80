"""What coordination costs with 1 to 1,000 workers: recorded curves replayed on a simulated clock.

    python benchmarks/simulate.py                                   memory, a journal file, SQLite
    python benchmarks/simulate.py --storages postgresql+psycopg://... --sampler tpe

Nothing is trained and nothing waits. A trial is one of the recorded validation curves of
``tests/search/recorded_curves.csv``, drawn at random, thinned to --epochs steps; a step takes
--step seconds, times a factor in [0.5, 1.5] that is drawn for the trial. What the sweeper itself
needs to ask for a trial, to store its reports and to end it passes on the simulated clock, too:
time of this process's processor, or with --clock wall time that passes (for a server).

One sweeper serves all workers here, one thing at a time. Several processes on one study divide the
asking among them, but not the storage's work. Columns: seconds of coordination a trial, trials an
hour, and their share of what the workers would do without coordination.
"""

import argparse
import csv
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

import optuna
from optuna.storages import BaseStorage, InMemoryStorage
from simulated import Job, Params, Simulation, Step
from simulated_searchers import Ours

from dropout_study.search.storage.open import open_storage

CURVES = Path(__file__).parents[1] / "tests" / "search" / "recorded_curves.csv"
SPACE = {f"p{i}": "interval(0,1)" for i in range(7)}
CLOCKS = {"cpu": process_time, "wall": perf_counter}


class Replay:
    """The steps of trials: recorded curves in random order, whatever the parameters are."""

    def __init__(self, epochs: int, step_s: float, seed: int) -> None:
        with CURVES.open(encoding="utf-8", newline="") as stream:
            _, *rows = csv.reader(stream)
        self._curves = [[int(correct) / 1000 for correct in row[2].split()] for row in rows]
        self._epochs, self._step_s = epochs, step_s
        self._random = random.Random(seed)

    def __call__(self, _params: Params) -> list[Step]:
        """Returns the steps of the next trial."""
        curve = self._random.choice(self._curves)
        each = self._step_s * self._random.uniform(0.5, 1.5)
        thinned = [curve[len(curve) * (i + 1) // self._epochs - 1] for i in range(self._epochs)]
        return [Step(each, value) for value in thinned]


def storages(names: list[str], directory: Path) -> Iterator[tuple[str, BaseStorage]]:
    """Yields an empty storage for each name or URL."""
    for place, name in enumerate(names):
        if name == "memory":
            yield name, InMemoryStorage()
        elif name == "journal":
            yield name, open_storage(None, directory / f"{place}.log")
        elif name == "sqlite":
            yield name, open_storage(f"sqlite:///{directory}/{place}.db", directory / "none")
        else:
            yield name.partition(":")[0], open_storage(name, directory / "none")


class Free:
    """A searcher that costs nothing."""

    def __init__(self, trials: int) -> None:
        self._left = iter(range(trials))

    def ask(self) -> Job | None:
        number = next(self._left, None)
        return None if number is None else Job({}, number)

    def report(self, job: Job, value: float, step: int) -> bool:
        return True

    def end(self, job: Job, value: float, *, pruned: bool) -> None: ...


def measure(storage: BaseStorage, workers: int, given: argparse.Namespace) -> dict[str, float]:
    """Returns what ``workers`` do in the simulated time that ``given.trials`` trials take."""
    trials = max(given.trials, 2 * workers)
    words = (f"hydra/sweeper/sampler={given.sampler}", "hydra.sweeper.direction=maximize")
    ours = Ours(SPACE, *words, f"hydra.sweeper.n_trials={trials}", storage=storage)
    seconds: list[float] = []
    for searcher in (Free(trials), ours):
        replay = Replay(given.epochs, given.step, seed=workers)
        simulation = Simulation(
            searcher, replay, workers, with_overhead=searcher is ours, clock=CLOCKS[given.clock]
        )
        seconds.append(max(each.seconds for each in simulation.ended()))
    free, ours_s = seconds
    return {
        "s/trial": simulation.overhead / trials,
        "trials/h": 3600 * trials / ours_s,
        "share": free / ours_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--storages", nargs="+", default=["memory", "journal", "sqlite"])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--trials", type=int, default=300, help="at least twice the workers")
    parser.add_argument("--epochs", type=int, default=10, help="steps of a trial")
    parser.add_argument("--step", type=float, default=60, help="seconds of a step")
    parser.add_argument("--sampler", default="random", help="random or tpe, say")
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print(f"{'storage':12}{'workers':>8}{'s/trial':>10}{'trials/h':>10}{'share':>8}")
    for workers in given.workers:
        with tempfile.TemporaryDirectory() as directory:
            for name, storage in storages(given.storages, Path(directory)):
                found = measure(storage, workers, given)
                print(
                    f"{name:12}{workers:>8}{found['s/trial']:>10.4f}{found['trials/h']:>10.0f}"
                    f"{found['share']:>8.2f}"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
