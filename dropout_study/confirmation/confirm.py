"""``dropout-study-confirm``: trains again with fresh seeds and writes the results."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_study.checks import check_whole
from dropout_study.confirmation.arms import plan_against, plan_arms
from dropout_study.confirmation.plan import Plan, plan_confirmation
from dropout_study.confirmation.population import train_runs
from dropout_study.confirmation.runs import (
    Pace,
    TrainRuns,
    is_settled,
    planned_runs,
    read_run,
    read_runs,
)
from dropout_study.confirmation.summary import summarise
from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.report.view import StudyView
from dropout_study.results.columns import inert
from dropout_study.results.study import load_study
from dropout_study.task.recorded import Trust, trusting

log = logging.getLogger(__name__)


def confirm(
    root: Path,
    *,
    top: int = 3,
    seeds: int = 10,
    merge: bool = True,
    by: Sequence[str] = (),
    within: Sequence[str] = (),
    baseline: str = "",
    against: Path | None = None,
    train: TrainRuns = train_runs,
) -> pd.DataFrame:
    """Trains the runs of a plan that have no result yet, and returns the table.

    The plan is that of ``plan_arms`` if ``by`` is given, of ``plan_against`` if ``against`` is
    given, else of ``plan_confirmation``.

    A run that diverges or raises is a row of ``confirmation_runs.csv`` with its error. The means of
    ``confirmation.csv`` are over the other runs. Both files are written to the study's directory.

    Args:
        root: the study's directory.
        top: number of configurations, the best by the objective.
        seeds: number of fresh seeds, the same seeds for each configuration.
        merge: whether to train on the validation examples too. They are free, because the
            selection is done.
        by: parameters whose values are compared.
        within: parameters at whose values the comparison is repeated.
        baseline: which of the values is the reference; see ``plan_arms``.
        against: the directory of another study, whose best trial is the reference.
        train: trains the runs that have no result yet.

    Raises:
        UserError: an argument is out of range, or the study has nothing to confirm.
    """
    check_whole("top", top, low=1)
    check_whole("seeds", seeds, low=2)
    if (within or baseline) and not by:
        raise UserError("`within` and `baseline` belong to a comparison of values: give `by` too")
    view = StudyView(load_study(root))
    if by and against is not None:
        raise UserError("`by` and `against` are two different comparisons; give one of them")
    if by:
        plan = plan_arms(view, by, seeds, within=within, baseline=baseline)
    elif against is not None:
        plan = plan_against(view, StudyView(load_study(against)), seeds)
    else:
        plan = plan_confirmation(view, top, seeds)
    paths = StudyPaths(root)
    if merge:
        _check_validation(plan)
    runs = planned_runs(plan, paths, merge=merge, objective=view.objective.of_trial)
    missing = [run for run in runs if not is_settled(read_run(run))]
    log.info("%d configurations, %d runs to train", len(plan.configurations), len(missing))
    pace = Pace(len(missing))
    train([replace(run, pace=pace) for run in missing])
    records = list(read_runs(runs))
    _write(pd.DataFrame(records), paths.confirmation_runs_csv)
    table = summarise(plan, records, view.objective.test_metric)
    _write(table, paths.confirmation_csv)
    return table


def confirm_and_report(
    root: Path, *, trust: bool = False, **settings: Any
) -> tuple[pd.DataFrame, Path]:
    """Confirms the study in ``root`` and writes its report; returns the table and the page.

    Args:
        root: the study's directory.
        trust: whether its configurations may name any class.
        settings: those of ``confirm``.
    """
    from dropout_study.report.page import write_report

    with trusting(Trust(trust)):
        table = confirm(root, **settings)
    return table, write_report(root)


def _check_validation(plan: Plan) -> None:
    """Refuses to train on validation data that early stopping or the choice of an epoch needs."""
    for configuration in plan.configurations:
        trainer = configuration.config.trainer
        patience, epochs = trainer.get("patience"), trainer.get("objective")
        if patience is not None or epochs == "best_epoch":
            given = f"patience={patience}" if patience is not None else f"objective={epochs}"
            does = "stops early" if patience is not None else "takes its numbers from one epoch"
            raise UserError(
                f"{configuration.name} {does} (trainer.{given}), which needs the validation data; "
                "use --merge 0"
            )


def _write(frame: pd.DataFrame, path: Path) -> None:
    texts = frame.map(lambda cell: inert(cell) if isinstance(cell, str) else cell)
    with atomic_write(path) as temporary:
        texts.to_csv(temporary, index=False)
