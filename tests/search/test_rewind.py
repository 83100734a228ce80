"""A trial that runs again is judged as it was the first time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
)

from dropout_study.search.asktell import Asked, AskTell
from dropout_study.search.lease import Lease
from dropout_study.search.storage.journal import open_journal
from dropout_study.trial import TrialState

EPOCHS = 9
PRUNERS: dict[str, Any] = {
    "median": lambda: MedianPruner(n_startup_trials=2),
    "median, late": lambda: MedianPruner(n_startup_trials=2, n_warmup_steps=3, interval_steps=2),
    "percentile": lambda: PercentilePruner(60.0, n_startup_trials=2),
    "successive halving": lambda: SuccessiveHalvingPruner(reduction_factor=2),
    "successive halving, auto": lambda: SuccessiveHalvingPruner("auto", 2),
    "successive halving, late": lambda: SuccessiveHalvingPruner(2, 2, 1),
    "hyperband": lambda: HyperbandPruner(1, EPOCHS, 2),
    "hyperband, auto": lambda: HyperbandPruner(1, "auto", 2),
    "patient": lambda: PatientPruner(MedianPruner(n_startup_trials=1), patience=1),
    "patient alone": lambda: PatientPruner(None, patience=2),
    "threshold": lambda: ThresholdPruner(lower=0.1, n_warmup_steps=1),
}


class Killed(Exception):  # noqa: N818  # it is what happens, not a mistake
    """The process has died."""


def begin(path: Path, pruner: BasePruner) -> AskTell:
    """What a process that begins or resumes the study makes."""
    study = optuna.create_study(
        storage=open_journal(path),
        study_name="same",
        sampler=optuna.samplers.RandomSampler(0),
        pruner=pruner,
        direction="maximize",
        load_if_exists=True,
    )

    def suggest(trial: optuna.Trial) -> list[str]:
        trial.suggest_int("trial", trial.number, trial.number)
        return ["trial"]

    return AskTell(
        study, n_trials=12, suggest=suggest, lease=Lease(study), lock=path.with_suffix(".lock")
    )


def curve(number: int) -> Iterator[float]:
    """Learning curves that cross each other."""
    for epoch in range(1, EPOCHS + 1):
        yield ((number * 7 + epoch * (number % 5)) % 13) / 13


def train(asktell: AskTell, asked: Asked, kill_at: int | None) -> None:
    """Trains a trial, or dies after a report."""
    for step, value in enumerate(curve(asked.number), 1):
        goes_on = asktell.report(asked.number, value, step)
        if step == kill_at:
            raise Killed
        if not goes_on:
            asktell.tell(asked.number, TrialState.PRUNED)
            return
    asktell.tell(asked.number, TrialState.COMPLETE, [value])


def ends(path: Path, make: Any, kill_at: int | None) -> list[tuple[str, float | None, int]]:
    """Runs a study in which every trial is killed after ``kill_at`` reports, once."""
    killed: set[int] = set()
    while True:
        asktell = begin(path, make())
        asktell.queue.requeue_orphans()
        try:
            while (asked := asktell.ask()) is not None:
                again = asked.number in killed
                killed.add(asked.number)
                train(asktell, asked, None if again else kill_at)
            break
        except Killed:
            asktell._lease.end()
    trials = asktell.study.get_trials()
    return [(t.state.name, t.value, len(t.intermediate_values)) for t in trials]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("name", PRUNERS)
def test_trials_killed_after_some_reports_end_as_those_never_killed(tmp_path: Path, name: str):
    make = PRUNERS[name]
    never = ends(tmp_path / "never.log", make, kill_at=None)
    assert {"PRUNED", "COMPLETE"} <= {state for state, *_ in never}
    for kill_at in (1, 2, 5, EPOCHS):
        assert ends(tmp_path / f"{kill_at}.log", make, kill_at) == never
