"""``dropout-study-predict DIR --split test``: ways to predict with every trial of a study."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.results.printed.export import exported
from dropout_study.results.record import GROUPS
from dropout_study.results.study import load_study
from dropout_study.task.inference import check_inference, infer, inference_rows, noisy_layers
from dropout_study.task.job_files import JobFiles, trained_runs
from dropout_study.training.inference import Inference
from dropout_study.trial import TrialState


def infer_study(
    root: Path,
    *,
    split: str,
    samples: Sequence[int],
    rates: Sequence[float] = (),
    told: Callable[[str, Inference | UserError], None],
) -> pd.DataFrame:
    """Compares ways to predict with the network of every complete trial.

    ``rates`` are given to each layer that has noise in any of the trials. So a trial without
    dropout is evaluated with noise in the same layers as the others. Each run gets its own
    ``inference_<split>.csv``; that of the study joins them.

    Args:
        root: the study's directory.
        split: as for ``infer``.
        samples: as for ``infer``.
        rates: as for ``infer``.
        told: is called with the name of each run, and what was found or why nothing was.

    Returns:
        A row for each run and way: trial, seed, the parameters, then the columns of a run's table.

    Raises:
        UserError: a value cannot be used, or no trial has a result.
    """
    check_inference(split, samples, rates)
    runs = dict(_runs(root))
    if not runs:
        raise UserError(f"{root} has no complete trial; wait for one")
    layers = set().union(*(noisy_layers(run.root) for run in runs)) if rates else None
    rows: list[dict[str, Any]] = []
    for run, known in runs.items():
        name = f"trial {run.root.relative_to(root)}"
        try:
            found = infer(run.root, split=split, samples=samples, rates=rates, layers=layers)
        except UserError as error:
            told(name, error)
            continue
        told(name, found)
        rows += [{**known, **row} for row in inference_rows(found)]
    if not rows:
        raise UserError(f"no trial of {root} has a result, so no table is written")
    table = pd.DataFrame(rows)
    with atomic_write(StudyPaths(root).inference_csv(split)) as temporary:
        temporary.write_text(exported(table, "csv"), encoding="utf-8")
    return table


def _runs(root: Path) -> Iterator[tuple[JobPaths, dict[str, Any]]]:
    """Yields the runs of the complete trials, with their trial, seed and parameters."""
    trials = load_study(root).trials
    names = [name for name in trials.columns if "." in name or name in GROUPS]
    for row in trials[trials["state"] == TrialState.COMPLETE].to_dict("records"):
        for run in trained_runs(StudyPaths(root), row["trial"]):
            seed = JobFiles(run).metrics().get("seed")
            yield run, {"trial": row["trial"], "seed": seed, **{name: row[name] for name in names}}
