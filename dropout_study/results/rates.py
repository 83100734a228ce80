"""The dropout rates of each trial's built network, as recorded in ``provenance.json``."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from dropout_study.paths import JobPaths, StudyPaths

Rates = Mapping[str, float | None]
"""Name of a noise layer -> its rate, in the order of the network. None: the rate is not known."""


def recorded_rates(paths: StudyPaths, trials: pd.DataFrame) -> dict[int, Rates]:
    """Returns the rates by trial number. Trials without recorded rates are left out.

    Args:
        paths: the paths of the study.
        trials: the table of the study. A trial that took the result of an earlier trial with the
            same parameters (``duplicate_of``) gets that trial's rates.
    """
    found: dict[int, Rates] = {}
    for number, job in paths.jobs() if paths.root.is_dir() else []:
        runs = [job, *(run for _, run in paths.replicates(number)[:1])]
        rates = next((given for run in runs if (given := _read(run)) is not None), None)
        if rates is not None:
            found[number] = rates
    if "duplicate_of" in trials:
        twins = trials.dropna(subset=["duplicate_of"])
        for number, source in zip(twins["trial"], twins["duplicate_of"], strict=True):
            if int(source) in found:
                found[int(number)] = found[int(source)]
    return found


def _read(job: JobPaths) -> Rates | None:
    try:
        rates = json.loads(job.provenance_json.read_text(encoding="utf-8"))["rates"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return rates if isinstance(rates, dict) and all(map(_is_rate, rates.values())) else None


def _is_rate(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
