"""``dropout-study-compare``: studies side by side."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.cli.ending import ending_in_one_line, ending_with_its_reader
from dropout_study.cli.options import Options, file

if TYPE_CHECKING:
    from dropout_study.comparison.result import StudyComparison


@ending_in_one_line("compare")
def compare() -> None:
    """``dropout-study-compare DIR DIR ...``: prints a table of studies and what it says."""
    options = Options(
        "compare",
        "Compare studies: what differs in their settings, the best trial of each and its "
        "confirmation, and the difference of each study to the first one, paired by seed. "
        "Only the directories are needed.",
    )
    options.add_argument(
        "dirs",
        nargs="+",
        type=Path,
        metavar="DIR",
        help="directories of studies; the others are compared with the first one",
    )
    options.formats()
    options.add_argument(
        "--page", type=file, metavar="FILE", help="also write the comparison as a page of HTML"
    )
    arguments = options.read()
    from dropout_study.comparison.compare import compare as run

    compared = run(arguments.dirs)
    if arguments.page:
        from dropout_study.comparison.page import write_page

        write_page(compared, arguments.page)
    with ending_with_its_reader():
        _print(compared, arguments.form, arguments.page)


def _print(compared: "StudyComparison", form: str | None, page: Path | None) -> None:
    from dropout_study.comparison.printed import as_markdown, print_comparison
    from dropout_study.results.printed.export import exported

    if form == "markdown":
        print(as_markdown(compared), end="")
    elif form:
        print(exported(compared.studies, form), end="")
    else:
        print_comparison(compared)
        if page:
            print(f"\nPage: {shlex.quote(str(page))}")
