"""Reads the tables of a study: ``load_study(DIR)``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dropout_study.checks import check_path
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.results.columns import (
    FIRST_COLUMNS,
    LAST_COLUMNS,
    REPORTED,
    as_written,
    flat_row,
    valid_numbers,
)
from dropout_study.results.confirmations import confirmation_table, read_table
from dropout_study.results.histories import histories_frame
from dropout_study.results.params import parameter_columns, recorded_params
from dropout_study.results.rates import Rates, recorded_rates
from dropout_study.results.record import GROUPS
from dropout_study.results.replicates import replicate_columns, replicate_records
from dropout_study.results.table import study_frame
from dropout_study.task.job_files import NUMBERS, SPREAD, WHOLE, JobFileError, printable, read_yaml

TEXT_COLUMNS = ("state", *GROUPS, *LAST_COLUMNS)
EXPECTED = tuple(dict.fromkeys([*FIRST_COLUMNS, *REPORTED, *NUMBERS]))
"""Columns that a loaded study always has, even if no trial has a value for them."""


@dataclass(frozen=True, repr=False)
class StudyTables:
    """The tables of one study; ``docs/tables.md`` describes every column.

    Attributes:
        root: the study's directory.
        trials: one row per trial, by number: ``results.csv``.
        histories: one row per trial and epoch: ``histories.csv``.
        replicates: one row per trial and seed, or None if each trial has one seed.
        confirmation: one row per configuration trained again with fresh seeds, or None.
        confirmation_runs: one row per run of the confirmation, or None.
        config: the composed configuration of the sweep, with interpolations as text; empty if it
            cannot be read.
        params: the columns of ``trials`` that are parameters: keys and groups.
        problems: one line for everything that is missing or damaged.
        rates: trial number -> dropout rate of each layer of its network, if recorded.
    """

    root: Path
    trials: pd.DataFrame
    histories: pd.DataFrame
    replicates: pd.DataFrame | None
    confirmation: pd.DataFrame | None
    confirmation_runs: pd.DataFrame | None
    config: Mapping[str, Any]
    params: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    rates: Mapping[int, Rates] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root)!r}, {len(self.trials)} trials)"


def load_study(root: Path | str) -> StudyTables:
    """Returns the tables of the study in ``root``, from its directory alone.

    The trials' own directories are read if they exist, otherwise ``results.csv``.

    Raises:
        UserError: there is no study in ``root``.
    """
    paths = StudyPaths(check_path("root", root))
    trials, problems = _trials(paths)
    histories, more = histories_frame(paths.root)
    problems += more
    config = study_config(paths)
    if "hydra" not in config:  # of the sweep's file or, if that is lost, of the first trial's
        problems.append(
            f"{paths.multirun_yaml.name} cannot be read: the settings of the sweep are not known"
        )
    params = parameter_columns(trials.columns, recorded_params(paths, config))
    return StudyTables(
        root=paths.root,
        trials=_without_infinity(trials, params, problems),
        histories=histories,
        replicates=_replicates(paths, problems),
        confirmation=confirmation_table(paths.confirmation_csv, problems),
        confirmation_runs=confirmation_table(paths.confirmation_runs_csv, problems),
        config=config,
        params=tuple(params),
        problems=tuple(problems),
        rates=recorded_rates(paths, trials),
    )


def _trials(paths: StudyPaths) -> tuple[pd.DataFrame, list[str]]:
    try:
        frame = study_frame(paths.root)
    except UserError:
        if not paths.results_csv.is_file():
            raise
        frame = _read_csv(paths.results_csv)
    if frame.empty:
        raise UserError(f"{paths.results_csv} has no trial")
    problems = [f"no trial has `{name}`" for name in EXPECTED if name not in frame]
    frame = _typed(frame, problems)
    damaged = frame.loc[frame["error"].fillna("").str.contains(" is damaged"), "trial"]
    if len(damaged):
        problems.append(f"metrics.json is damaged: trial {', '.join(map(str, damaged))}")
    return frame.sort_values("trial", ignore_index=True), problems


def _replicates(paths: StudyPaths, problems: list[str]) -> pd.DataFrame | None:
    """Returns the runs of trials with several seeds, from their directories or the table."""
    records = replicate_records(paths.root)
    if not records:
        return read_table(paths.replicates_csv, problems)
    rows = list(map(flat_row, records))
    frame = pd.DataFrame(rows, columns=replicate_columns(rows))
    return _typed(frame, problems)


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(StringIO(printable(path.read_text(encoding="utf-8"))))
    except (ValueError, OSError) as error:
        raise UserError(f"{path} cannot be read as a table: {error}") from error
    texts = frame.select_dtypes(exclude="number")
    return frame.assign(
        **{
            str(name): texts[name].map(lambda v: as_written(v) if isinstance(v, str) else v)
            for name in texts
        }
    )


def _typed(frame: pd.DataFrame, problems: list[str]) -> pd.DataFrame:
    """Returns the table with its columns converted to number and text types."""
    frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *EXPECTED])))
    for name in (*EXPECTED, *SPREAD):
        if name != "state" and name in frame:
            numbers = pd.to_numeric(frame[name], errors="coerce").astype("float64")
            valid, rule = valid_numbers(name, numbers)
            numbers = numbers.where(valid)
            if numbers.isna().sum() > frame[name].isna().sum():
                problems.append(f"`{name}` has values that are not {rule}; left empty")
            frame[name] = numbers.astype("Int64" if name in WHOLE else "float64")
    frame["trial"] = frame["trial"].where(frame["trial"].notna(), pd.Series(frame.index))
    for name in TEXT_COLUMNS:
        given = frame[name] if name in frame else pd.Series(index=frame.index, dtype=object)
        frame[name] = given.map(lambda v: "" if pd.isna(v) else str(v)).astype("str")
    return frame


def _without_infinity(
    frame: pd.DataFrame, params: Iterable[str], problems: list[str]
) -> pd.DataFrame:
    """Returns the table without infinite parameters, for which no axis has a place."""
    for name in params:
        infinite = frame[name].isin([np.inf, -np.inf])
        if infinite.any():
            problems.append(f"`{name}` has infinite values; left empty")
            frame = frame.assign(**{name: frame[name].mask(infinite)})
    return frame


def study_config(paths: StudyPaths) -> Mapping[str, Any]:
    """Returns the sweep's configuration; if it is lost, the first trial's; otherwise {}.

    It is plain data: interpolations stay text, and no object is built from it.
    """
    for path in (paths.multirun_yaml, *(job.config_yaml for _, job in paths.jobs()[:1])):
        try:
            config = read_yaml(path)
        except JobFileError:
            continue
        if isinstance(config, dict) and config:
            return config
    return {}
