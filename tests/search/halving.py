"""A study of trials whose curves are flat, which pause and are promoted; for several tests."""

from collections.abc import Callable, Mapping
from pathlib import Path

import optuna

from dropout_study.search.asktell import Asked, AskTell
from dropout_study.search.lease import Lease
from dropout_study.search.pruners.promotion import PauseAndPromotePruner
from dropout_study.search.storage.open import open_storage
from dropout_study.trial import TrialState

Curve = Callable[[int, int], float]


def begin(
    path: Path,
    *,
    n_trials: int,
    budget: int | None = None,
    url: str | None = None,
    same: bool = False,
    **pruner: int,
) -> AskTell:
    """What a process that begins or resumes the study makes.

    Its trials have different parameters, unless all are the ``same``.
    """
    study = optuna.create_study(
        storage=open_storage(url, path),
        study_name="halving",
        sampler=optuna.samplers.RandomSampler(0),
        pruner=PauseAndPromotePruner(**pruner),
        direction="maximize",
        load_if_exists=True,
    )

    def suggest(trial: optuna.Trial) -> list[str]:
        value = 0 if same else trial.number
        trial.suggest_int("trial", value, value)
        return ["trial"]

    lease, lock = Lease(study), path.with_suffix(".lock")
    return AskTell(study, n_trials=n_trials, suggest=suggest, lease=lease, lock=lock, budget=budget)


def train(asktell: AskTell, asked: Asked, curve: Curve, epochs: int, *, anew: bool = False) -> str:
    """Trains a trial, which continues where it paused, or begins ``anew``.

    Returns what came of it.
    """
    first = 1 if anew else (asked.promoted_from or 0) + 1
    for step in range(first, epochs + 1):
        value = curve(asked.number, step)
        if not asktell.report(asked.number, value, step) and step < epochs:
            break
    else:
        asktell.tell(asked.number, TrialState.COMPLETE, [value])
        return f"{asked.number} complete"
    if asktell.pauses(asked.number):
        asktell.pause(asked.number)
        return f"{asked.number} pauses at {step}"
    asktell.tell(asked.number, TrialState.PRUNED)
    return f"{asked.number} pruned at {step}"


def run(asktell: AskTell, scores: Mapping[int, float], epochs: int) -> list[str]:
    """Runs a study, one trial at a time; returns what happened, in order."""
    told = []
    while (asked := asktell.ask()) is not None:
        told.append(train(asktell, asked, lambda number, _: scores[number], epochs))
    return told


def end(asktell: AskTell) -> list[int]:
    """Ends the paused trials of a study; returns their numbers."""
    left = asktell.queue.left_paused()
    for trial in left:
        asktell.queue.end_paused(trial)
    return [trial.number for trial in left]
