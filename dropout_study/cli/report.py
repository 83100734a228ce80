"""``dropout-study-report``: the report of a study."""

import argparse
import sys
from pathlib import Path

from dropout_study.errors import UserError


def report() -> None:
    """``dropout-study-report DIR``: writes the report of a study, finished or not."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-report",
        description="Write report.html and figures/ of a study from its directory alone.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    arguments = parser.parse_args()
    from dropout_study.report.page import write_report

    try:
        path = write_report(arguments.dir)
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-report: {error}")
    print(f"Report: {path}")
