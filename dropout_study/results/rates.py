"""The dropout rates of each trial, as its built network had them: from ``provenance.json``."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from dropout_study.paths import JobPaths, StudyPaths

Rates = Mapping[str, float | None]
"""Name of a noise layer -> its rate in the order of the network; None where it is not known."""


def recorded_rates(paths: StudyPaths, trials: pd.DataFrame) -> dict[int, Rates]:
    """Returns the rates by trial number; trials whose directory does not tell them are left out.

    Args:
        paths: of the study.
        trials: its table; a trial that was not trained because an earlier one has the same
            parameters (``duplicate_of``) has the rates of that one.
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
