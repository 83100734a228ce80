"""``dropout-study-results``: prints the table of a study or of single runs."""

import shlex
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.cli.ending import ending_in_one_line, ending_with_its_reader
from dropout_study.cli.options import Options, file, keys, whole
from dropout_study.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from dropout_study.results.printed.show import Shown


@ending_in_one_line("results")
def results() -> None:
    """``dropout-study-results DIR``: rebuilds and prints the table of a study."""
    given = _options().read()
    if given.storage:
        _fetch(given.dir, given.storage, given.study_name)
    from dropout_study.results.printed.shown import shown_directory

    shown = shown_directory(given.dir)
    _note(given, shown)
    with ending_with_its_reader():
        _print(given, shown)


def _options() -> Options:
    options = Options(
        "results",
        "Make the tables of a study again from its directory and print the best trials. Of a "
        "directory of single runs, as outputs/runs, print a row for each run. With --storage the "
        "trials that other machines have run are fetched first.",
        "In a narrow terminal columns are left out, never cut: first state, then seconds, metrics "
        "of the training split, parameters from the right, test metrics.",
    )
    options.study("directory of a study, as in outputs/quickstart, or of single runs, outputs/runs")
    options.add_argument(
        "--top", type=whole(), metavar="N", help="rows to print (default: 20, all if exported)"
    )
    options.add_argument(
        "--sort-by",
        metavar="COLUMN",
        help="the smallest first (default: the best by the objective first)",
    )
    options.add_argument("--descending", action="store_true", help="with --sort-by: largest first")
    options.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="CONDITION",
        help="keep the rows that fulfil it, as in 'model.dropout1 < 0.3' or 'state == PRUNED'; may "
        "be given several times",
    )
    options.add_argument(
        "--columns", type=keys, metavar="NAME,...", help="columns to print; lr means optimizer.lr"
    )
    form = options.formats()
    form.add_argument(
        "--parquet",
        type=file,
        metavar="FILE",
        help="write a Parquet file: every row and column (needs pyarrow)",
    )
    options.add_argument(
        "--note", default="", metavar="TEXT", help="keep a note in the study's directory"
    )
    options.add_argument(
        "--tag", type=keys, default=[], metavar="NAME,...", help="keep tags in the directory"
    )
    options.storage()
    return options


def _fetch(root: Path, storage: str, name: str | None) -> None:
    """Fetches the files of a study's trials from its storage."""
    from dropout_study.search.shared.collect import fetch_study

    for line in fetch_study(root, storage, name):
        print(f"dropout-study-results: {line}", file=sys.stderr)


def _note(given: Namespace, shown: "Shown") -> None:
    """Adds a note or tags to the study."""
    if not given.note and not given.tag:
        return
    if shown.root is None:
        raise UserError(f"{given.dir} has single runs; a note or tag belongs to a study")
    from dropout_study.results.notes import add_notes

    add_notes(shown.root, note=given.note, tags=given.tag)


def _print(given: Namespace, shown: "Shown") -> None:
    chosen = given.sort_by or given.filter or given.columns
    if given.parquet is not None:
        _write_parquet(given, shown)
        return
    if given.form:
        print(_text(given, shown), end="")
        return
    from dropout_study.paths import StudyPaths
    from dropout_study.results.notes import read_notes
    from dropout_study.results.printed.show import laid_out, print_results, print_table

    rows, names = _rows(given, shown), _names(given, shown) or shown.columns()
    if shown.root is not None:
        for line in read_notes(shown.root).lines():
            print(line)
    top = given.top or 20
    if chosen:
        heading = f"{len(rows)} of {len(shown.frame)} rows"
        print_table(heading, laid_out(shown, rows.head(top), names))
    else:
        print_results(shown, top=top)
    if shown.root is not None:
        path = StudyPaths(shown.root).results_csv
        print(f"Every trial: {shlex.quote(str(path))}", flush=True)


def _rows(given: Namespace, shown: "Shown") -> "pd.DataFrame":
    """Returns the rows that were asked for, in their order."""
    return shown.rows(given.filter, sort_by=given.sort_by, descending=given.descending)


def _names(given: Namespace, shown: "Shown") -> list[str]:
    from dropout_study.results.printed.select import columns_named

    return columns_named(shown.frame, given.columns or [])


def _exported(given: Namespace, shown: "Shown") -> "pd.DataFrame":
    """Returns the rows and columns for other tools: all of them if none are asked for."""
    rows, names = _rows(given, shown), _names(given, shown)
    rows = rows.head(given.top) if given.top else rows
    return rows[names] if names else rows


def _write_parquet(given: Namespace, shown: "Shown") -> None:
    from dropout_study.results.parquet import write_parquet

    write_parquet(_exported(given, shown), given.parquet)
    print(f"Table: {shlex.quote(str(given.parquet))}")


def _text(given: Namespace, shown: "Shown") -> str:
    """Returns the rows in a format of other tools."""
    from dropout_study.results.printed.export import exported
    from dropout_study.results.printed.layout import markdown
    from dropout_study.results.printed.show import laid_out

    rows = _exported(given, shown)
    if given.form == "markdown":
        return markdown(
            laid_out(shown, rows, [*map(str, rows)] if given.columns else shown.columns())
        )
    return exported(rows, given.form)
