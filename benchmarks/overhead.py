"""The time of a trial in addition to its task, in a study with many finished trials.

python benchmarks/overhead.py                                 1,000 and 10,000 trials
python benchmarks/overhead.py --finished 1000 --storage sqlite

A study is filled with finished trials of 7 parameters and 10 reports each, with their job
directories. Then the sweeper continues it: TPE, median pruning, two workers, a task that reports
ten values and trains nothing. The time from one trial's end to the next is the overhead.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter

PARAMS = {f"p{i}": "interval(0,1)" for i in range(7)}
EPOCHS = 10
APP = """
import hydra
from omegaconf import DictConfig
from dropout_study import TrialPruned, current_trial

@hydra.main(version_base="1.3", config_path=None, config_name=None)
def app(config: DictConfig) -> dict[str, float]:
    trial = current_trial()
    for epoch in range(1, 11):
        value = sum(config.values()) / 7 + epoch / 100
        trial.report(value, epoch)
        if trial.should_prune():
            raise TrialPruned({"value": value, "epochs_run": epoch})
    return {"value": value, "epochs_run": epoch}

app()
"""


def fill(root: Path, count: int, storage: str | None) -> None:
    """Writes a study of ``count`` finished trials to ``root``, as the sweeper would."""
    import optuna
    from optuna.distributions import FloatDistribution

    from dropout_study.paths import StudyPaths
    from dropout_study.search.storage.open import open_storage
    from dropout_study.task.job_files import JobFiles

    root.mkdir(parents=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    paths = StudyPaths(root)
    study = optuna.create_study(
        storage=open_storage(storage, paths.journal), study_name=root.name, direction="maximize"
    )
    space = {f"p{i}": FloatDistribution(0.0, 1.0) for i in range(7)}
    rng = random.Random(0)
    trials = []
    for number in range(count):
        params = {name: rng.random() for name in space}
        value = sum(params.values()) / 7
        reports = {epoch: value + epoch / 100 for epoch in range(1, EPOCHS + 1)}
        trials.append(
            optuna.trial.create_trial(
                params=params,
                distributions=space,
                value=reports[EPOCHS],
                intermediate_values=reports,
            )
        )
        record = {"trial": number, "state": "COMPLETE", "value": reports[EPOCHS], **params}
        record |= {"epochs_run": EPOCHS, "job_dir": str(number), "error": ""}
        paths.job(number).root.mkdir()
        JobFiles(paths.job(number)).write_metrics(record)
    study.add_trials(trials)


def measure(finished: int, more: int, storage: str | None, directory: Path) -> dict[str, float]:
    """Returns seconds to open a study with ``finished`` trials, and milliseconds a trial."""
    import optuna

    from dropout_study.search.storage.open import open_storage

    root = directory / "study"
    url = None if storage is None else f"sqlite:///{directory / 'study.db'}"
    fill(root, finished, url)
    app = directory / "app.py"
    app.write_text(APP)
    sweep = [f"+{name}={text}" for name, text in PARAMS.items()]
    command = [
        *(sys.executable, str(app), "--multirun", "hydra/sweeper=optuna_study"),
        *("hydra/sweeper/pruner=median", f"hydra.sweep.dir={root}", "hydra.sweeper.n_jobs=2"),
        *("hydra.sweeper.on_change=extend", "hydra.sweeper.direction=maximize"),
        *(f"hydra.sweeper.n_trials={finished + more}", *sweep),
        *([f"hydra.sweeper.storage={url}"] if url else []),
    ]
    started = perf_counter()
    subprocess.run(command, check=True, cwd=directory, stdout=subprocess.DEVNULL)
    wall = perf_counter() - started
    opened = perf_counter()
    study = optuna.load_study(storage=open_storage(url, root / "journal.log"), study_name="study")
    trials = study.get_trials(deepcopy=False)
    opened = perf_counter() - opened
    ends = sorted(t.datetime_complete for t in trials[finished:] if t.datetime_complete)
    gaps = [(b - a) / timedelta(milliseconds=1) for a, b in pairwise(ends)]
    assert len(ends) == more, f"{len(ends)} of {more} trials have ended"
    deciles = statistics.quantiles(gaps, n=10)
    return {
        "finished": finished,
        "more": more,
        "open_s": opened,
        "wall_s": wall,
        "ms_a_trial": statistics.fmean(gaps),
        "ms_median": statistics.median(gaps),
        "ms_decile_1": deciles[0],
        "ms_decile_9": deciles[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--finished", type=int, nargs="+", default=[900, 9900])
    parser.add_argument("--more", type=int, default=100, help="trials that are timed")
    parser.add_argument("--storage", choices=["sqlite"], help="default: a journal file")
    parser.add_argument("--out", type=Path, help="file for the figures as JSON")
    arguments = parser.parse_args()
    rows = []
    for finished in arguments.finished:
        with tempfile.TemporaryDirectory() as directory:
            rows.append(measure(finished, arguments.more, arguments.storage, Path(directory)))
            print(json.dumps(rows[-1]))
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
