"""The dropout rates of each trial's built network, as recorded in ``provenance.json``."""

from collections.abc import Mapping

import pandas as pd

from dropout_study.paths import StudyPaths
from dropout_study.task.job_files import trial_files

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
    for number in paths.numbers() if paths.root.is_dir() else []:
        runs = trial_files(paths, number)[:2]  # a replicate has the rates of the first
        rates = next((given for run in runs if (given := run.rates()) is not None), None)
        if rates is not None:
            found[number] = rates
    if "duplicate_of" in trials:
        twins = trials.dropna(subset=["duplicate_of"])
        for number, source in zip(twins["trial"], twins["duplicate_of"], strict=True):
            if int(source) in found:
                found[int(number)] = found[int(source)]
    return found
