"""A sweep by populations, with pruning and refill, is the sweep of one trial at a time."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from command_line import SMALL, run_command
from fake_source import FakeSource
from hydra.core.utils import JobStatus
from omegaconf import DictConfig
from trials import train_trial

from dropout_study.cli import train as cli
from dropout_study.config.compose import Composer
from dropout_study.errors import DivergedError, TrialPruned
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.results.record import read_record
from dropout_study.trial import Metrics

SHARED = (*SMALL, "model.init_std=null", "data.contrast=0.6", "trainer.batch_size=24")
"""What all jobs are given: a network that learns within a few epochs."""
TRIALS = 64
POISONED = (5, 40)


def overrides(number: int) -> list[str]:
    """Returns a trial's own: rates, learning rate, epochs and sometimes the seed differ."""
    lr = 1e6 if number in POISONED else round(0.02 * 1.05**number, 4)
    return [
        *SHARED,
        f"model.dropout1={(number * 7 % 16) / 40}",
        f"model.dropout2={(number * 5 % 16) / 40}",
        f"optimizer.lr={lr}",
        f"trainer.epochs={2 + number % 4}",
        f"trainer.seed={number // 40}",
    ]


def goes_on(_number: int, values: list[float]) -> bool:
    """Stops a trial that has not learned much after two epochs or more."""
    return len(values) < 2 or values[-1] >= 0.2


def history(directory: Path) -> list[dict[str, float]]:
    with JobPaths(directory).history_csv.open() as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


def assert_same_numbers(got: dict[str, float], want: dict[str, float], names: list[str]) -> None:
    """Losses to 1e-4 relative, accuracies within 2 images of 1,000, counts alike."""
    for name in names:
        close = {"rel": 1e-4} if name.endswith("loss") else {"abs": 2.001e-3}
        assert got[name] == pytest.approx(want[name], **close), name


@dataclass(frozen=True)
class Alone:
    """A trial that the reference loop has trained: its result, or how it diverged."""

    result: Metrics | None
    diverged: str
    pruned: bool


def train_alone(config: DictConfig, directory: Path) -> Alone:
    values: list[float] = []

    def on_epoch(row: Metrics) -> bool:
        values.append(row["val_accuracy"])
        return goes_on(0, values)

    try:
        result = train_trial(config, directory, on_epoch)
    except DivergedError as error:
        return Alone(None, str(error), pruned=False)
    return Alone(result, "", len(values) < config.trainer.epochs)


@pytest.mark.slow
def test_the_table_of_64_trials(launcher, loaded, tmp_path):
    source = FakeSource([overrides(number) for number in range(TRIALS)], goes_on)
    launcher("population", "hydra.launcher.capacity=8").launch_from(source)
    assert sorted(source.jobs) == list(range(TRIALS))
    assert source.most_running == 8

    config, context = loaded()
    composer = Composer(context.config_loader, config)
    ends = Counter()
    for number in range(TRIALS):
        there, here = StudyPaths(Path("study")).job(number), tmp_path / "alone" / str(number)
        want = train_alone(composer.job_config(overrides(number), number), here)
        got = source.jobs[number]._return_value
        ends[type(got)] += 1
        if want.result is None:
            assert str(got) == f"trial {number}: {want.diverged}"
            continue
        assert isinstance(got, TrialPruned) == want.pruned
        columns = [name for name in want.result if name != "seconds"]
        metrics = got.metrics if want.pruned else read_record(number, there)
        assert_same_numbers(metrics, want.result, columns)
        for got_row, want_row in zip(history(there.root), history(here), strict=True):
            assert_same_numbers(got_row, want_row, [n for n in want_row if n != "seconds"])
    assert ends[DivergedError] == len(POISONED)
    assert min(ends[dict], ends[TrialPruned]) > TRIALS // 4


def test_the_same_search_by_populations_and_one_trial_at_a_time(monkeypatch, tmp_path, capfd):
    """Optuna's random sampler and threshold pruner, which do not depend on the trials' order."""
    monkeypatch.chdir(tmp_path)
    small = [word for word in SHARED if not word.startswith("trainer.epochs")]
    search = [
        *("model.dropout1=interval(0,0.4)", "model.dropout2=interval(0,0.4)"),
        *("optimizer.lr=tag(log,interval(0.02,0.5))", "trainer.epochs=int(interval(2,5))"),
        *("hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=3"),
        *("hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.lower=0.2"),
        *("hydra.sweeper.pruner.n_warmup_steps=2", f"hydra.sweeper.n_trials={TRIALS}"),
    ]
    tables = {}
    for name, words in {
        "together": ["hydra/launcher=population", "hydra.launcher.capacity=8"],
        "alone": ["hydra.sweeper.n_jobs=1"],
    }.items():
        command = ["--multirun", *small, *search, f"hydra.sweep.dir={name}", *words]
        assert run_command(cli.main, command, capfd).code == 0
        tables[name] = pd.read_csv(tmp_path / name / "results.csv").set_index("trial")
    together, alone = tables["together"], tables["alone"]
    assert len(alone) == TRIALS
    assert alone["state"].value_counts().min() > TRIALS // 4  # complete and pruned
    exact = ["state", "epochs_run", "seed", *(name for name in alone if "." in name)]
    pd.testing.assert_frame_equal(together[exact], alone[exact])
    for name in ("train_loss", "val_loss", "test_loss"):
        assert together[name].to_numpy() == pytest.approx(alone[name].to_numpy(), rel=1e-4)
    for name in ("value", "val_accuracy", "test_accuracy", "train_accuracy"):
        assert together[name].to_numpy() == pytest.approx(alone[name].to_numpy(), abs=2.001e-3)


def test_a_poisoned_trial_leaves_its_neighbours_as_they_are(launcher):
    def accuracies(study, lr):
        own = ("optimizer.lr=0.2", f"optimizer.lr={lr}", "model.dropout1=0.5")
        together = launcher("population", f"hydra.sweep.dir={study}")
        jobs = together.launch([[*SHARED, "trainer.epochs=4", each] for each in own], 0)
        rows = [history(Path(study) / str(n)) for n in (0, 2)]
        return jobs, [{**row, "seconds": 0} for curve in rows for row in curve]

    (_, healthy), (jobs, beside) = accuracies("good", 0.3), accuracies("bad", 1e6)
    assert beside == healthy
    assert [job.status for job in jobs] == [
        *(JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.COMPLETED)
    ]
    record = read_record(1, StudyPaths(Path("bad")).job(1))
    assert record["state"] == "FAIL"
    assert "loss not finite at epoch 1" in record["error"]
