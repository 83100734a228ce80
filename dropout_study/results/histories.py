"""``histories.csv``: the learning curves of a study, one row per trial and epoch."""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.results.columns import REPORTED

COLUMNS = ("trial", "epoch")


def joined_histories(root: Path) -> tuple[str, list[str]]:
    """Joins every ``history.csv`` of the study in ``root``.

    The files are joined as text, because parsing each (``JobFiles.history``) takes longer in a
    study of many trials. Trials may have different columns, as those of other noise layers.

    Returns:
        The table as CSV, and one line for each file that is left out. A file is left out if it
        cannot be read, has no column ``epoch``, is cut off, or has a row of another length.
    """
    parts: list[tuple[str, list[str], list[str]]] = []
    problems: list[str] = []
    runs = _runs(StudyPaths(root))
    several = any(place for place, _ in runs.values())
    for name, (place, path) in runs.items():
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{name} cannot be read: {error}")
            continue
        first, *rows = text.splitlines() or [""]
        columns = first.split(",")
        whole = text.endswith("\n") and "epoch" in columns
        if not whole or any(row.count(",") != len(columns) - 1 for row in rows):
            problems.append(f"{name} is damaged and is left out")
            continue
        start = f"{name.partition('/')[0]},{f'{place},' if several else ''}"
        parts.append((start, columns, rows))
    columns = _all_columns(columns for _, columns, _ in parts) or list(COLUMNS[1:])
    whose = ["trial", "replicate"] if several else ["trial"]
    lines = [",".join([*whose, *columns])]
    for start, own, rows in parts:
        lines += [start + row for row in (rows if own == columns else _moved(rows, own, columns))]
    return "\n".join([*lines, ""]), problems


def _all_columns(headers: Iterable[list[str]]) -> list[str]:
    """Returns the columns of all headers: a new one follows its predecessor in its own."""
    known: list[str] = []
    for header in {tuple(header): header for header in headers}.values():
        place = 0
        for name in header:
            if name not in known:
                known.insert(place, name)
            place = known.index(name) + 1
    return known


def _moved(rows: Iterable[str], own: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    """Yields ``rows``, which have the columns ``own``, with their cells under ``columns``."""
    places = [own.index(name) if name in own else len(own) for name in columns]
    for row in rows:
        cells = [*row.split(","), ""]
        yield ",".join([cells[place] for place in places])


def _runs(paths: StudyPaths) -> dict[str, tuple[str, Path]]:
    """Returns every ``history.csv`` by its name in the study, with its replicate as text."""
    found: dict[str, tuple[str, Path]] = {}
    for number, job in paths.jobs():
        history = job.history_csv
        found[f"{number}/{history.name}"] = ("", history)
        for index, run in paths.replicates(number):
            name = f"{number}/{run.root.name}/{history.name}"
            found[name] = (str(index), run.history_csv)
    return found


def write_histories(root: Path) -> Path:
    """Writes ``histories.csv`` of the study in ``root``, whole or not at all; returns its path."""
    path = StudyPaths(root).histories_csv
    text, _ = joined_histories(root)
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def histories_frame(root: Path) -> tuple[pd.DataFrame, list[str]]:
    """Returns the learning curves of the study in ``root``, and one line per problem."""
    text, problems = joined_histories(root)
    frame = pd.read_csv(io.StringIO(text))
    for name in frame.select_dtypes(exclude="number").columns:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        if numbers.isna().sum() > frame[name].isna().sum():
            problems.append(f"histories: `{name}` has text instead of numbers; left empty")
        frame[name] = numbers
    return frame.reindex(
        columns=list(dict.fromkeys([*frame.columns, *COLUMNS, *REPORTED, "seconds"]))
    ), problems
