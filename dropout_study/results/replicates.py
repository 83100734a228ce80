"""Trials that are trained with several seeds: ``replicates.csv`` and the row of such a trial."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path, PurePosixPath
from statistics import fmean, stdev
from typing import Any

from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.results.columns import csv_line, table_columns
from dropout_study.results.record import read_record
from dropout_study.task.job_files import WHOLE_NUMBERS
from dropout_study.trial import TrialState

Record = Mapping[str, Any]
ORDER = ("trial", "replicate", "seed")


def replicate_records(root: Path) -> list[dict[str, Any]]:
    """Returns one record per run of the trials with several runs, by trial and replicate."""
    paths = StudyPaths(root)
    return [
        {**read_record(number, run), "replicate": index, "job_dir": f"{number}/{run.root.name}"}
        for number in paths.numbers()
        for index, run in paths.replicates(number)
    ]


def replicate_columns(records: Sequence[Record]) -> list[str]:
    """Returns the columns: trial, replicate and seed, then those of the trials' table."""
    return list(dict.fromkeys([*ORDER, *table_columns(records)]))


def write_replicates(root: Path) -> Path | None:
    """Writes ``replicates.csv`` of the study in ``root``, whole or not at all.

    Returns:
        The path of the file, or None if no trial has several runs. Then there is no file.
    """
    path = StudyPaths(root).replicates_csv
    records = replicate_records(root)
    if not records:
        path.unlink(missing_ok=True)
        return None
    columns = replicate_columns(records)
    lines = [csv_line(columns), *(csv_line(map(record.get, columns)) for record in records)]
    with atomic_write(path) as temporary:
        temporary.write_bytes("".join(lines).encode(errors="backslashreplace"))
    return path


def mean_record(records: Sequence[Record]) -> dict[str, Any]:
    """Returns the record of a trial from the records of its runs: one or more, with other seeds.

    A metric is the mean over the runs that have it; counts of epochs are rounded. Another value, a
    parameter's too, is kept if it is equal in all runs. ``value_sd`` is the standard deviation over
    the seeds (n - 1) and ``n`` their number. If a run has failed, the trial has failed and has no
    value; otherwise it is RUNNING or PRUNED if one run is.
    """
    state = _state([record["state"] for record in records])
    names = dict.fromkeys(name for record in records for name in record)
    merged = {name: _merged(name, [record.get(name) for record in records]) for name in names}
    values = [float(r["value"]) for r in records if r.get("value") is not None]
    failed = state == TrialState.FAIL
    first = {
        "trial": merged.get("trial"),
        "state": state,
        "value": None if failed else merged.get("value"),
        "value_sd": _spread(values) if not failed else None,
        "n": len(records),
    }
    return {
        **first,
        **{name: value for name, value in merged.items() if name not in first},
        "job_dir": _common_dir(records),
        "error": _error(records),
    }


def _spread(values: Sequence[float]) -> float | None:
    """Returns the standard deviation (n - 1); None for one value or if a value is infinite."""
    return stdev(values) if len(values) > 1 and all(map(isfinite, values)) else None


def _state(states: Sequence[str]) -> str:
    """Returns the state of a trial whose runs have ``states``."""
    for state in (TrialState.FAIL, TrialState.RUNNING, TrialState.PRUNED):
        if state in states:
            return str(state)
    return str(TrialState.COMPLETE)


def _merged(name: str, values: Sequence[Any]) -> Any:
    given = [value for value in values if value is not None]
    if all(value == given[0] for value in given):
        return given[0] if given else None
    setting = "." in name or name.startswith("params_") or name == "seed"
    if setting or not all(_is_number(value) for value in given):
        return None
    mean = fmean(given) if all(map(isfinite, given)) else sum(given)
    return round(mean) if name in WHOLE_NUMBERS else mean


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _common_dir(records: Sequence[Record]) -> str:
    return str(PurePosixPath(records[0].get("job_dir") or ".").parent)


def _error(records: Sequence[Record]) -> str:
    """Returns the errors of the failed runs, each with its replicate number."""
    told = [(i, record.get("error")) for i, record in enumerate(records)]
    return "; ".join(f"replicate {i}: {error}" for i, error in told if error)
