"""``dropout-study-results``: prints the table of a study."""

import argparse
import os
import sys
from pathlib import Path

from dropout_study.errors import UserError


def results() -> None:
    """``dropout-study-results DIR``: rebuilds and prints the table of a study."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-results",
        description="Rebuild the tables of a study from its directory and print the best trials.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    parser.add_argument("--top", type=int, default=20, help="rows to print (default: 20)")
    arguments = parser.parse_args()
    from dropout_study.paths import StudyPaths
    from dropout_study.results.aim import Aim
    from dropout_study.results.params import recorded_params
    from dropout_study.results.show import print_results
    from dropout_study.results.study import study_config
    from dropout_study.results.table import study_frame, write_tables

    try:
        path = write_tables(arguments.dir)
        frame = study_frame(arguments.dir)
        paths = StudyPaths(arguments.dir)
        config = study_config(paths)
        params = recorded_params(paths, config)
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-results: {error}")
    try:
        print_results(frame, top=arguments.top, aim=Aim.of(config), recorded=params)
        print(f"Every trial: {path}", flush=True)
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
