"""``dropout-study-report``: writes the report of a study."""

import shlex

from dropout_study.cli.ending import ending_in_one_line
from dropout_study.cli.options import Options


@ending_in_one_line("report")
def report() -> None:
    """``dropout-study-report DIR``: writes the report of a study, finished or not."""
    options = Options(
        "report", "Write report.html and figures/ of a study. Only its directory is needed."
    )
    options.study()
    options.figures_and_language()
    arguments = options.read()
    from dropout_study.report.figures import named_figure
    from dropout_study.report.page import write_report

    figures = [named_figure(each) for each in arguments.figure]
    path = write_report(arguments.dir, figures, arguments.language)
    print(f"Report: {shlex.quote(str(path))}")
