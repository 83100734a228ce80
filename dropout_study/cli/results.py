"""``dropout-study-results``: prints the table of a study."""

import os
import sys
from pathlib import Path

from dropout_study.cli.options import Options, resolved, whole
from dropout_study.errors import UserError


def results() -> None:
    """``dropout-study-results DIR``: rebuilds and prints the table of a study."""
    options = Options(
        "results",
        "Rebuild the tables of a study from its directory and print the best trials. "
        "With --storage the trials that other machines have run are fetched first.",
    )
    options.study()
    options.add_argument("--top", type=whole(), default=20, help="rows to print (default: 20)")
    options.add_argument(
        "--storage",
        type=resolved,
        metavar="URL",
        help="the study's hydra.sweeper.storage, e.g. '${oc.env:URL}'",
    )
    options.add_argument("--study-name", help="with --storage; default: the name of DIR")
    arguments = options.read()
    from dropout_study.paths import StudyPaths
    from dropout_study.results.aim import Aim
    from dropout_study.results.params import recorded_params
    from dropout_study.results.show import print_results
    from dropout_study.results.study import study_config
    from dropout_study.results.table import study_frame, write_tables

    try:
        if arguments.storage:
            _fetch(arguments.dir, arguments.storage, arguments.study_name)
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


def _fetch(root: Path, storage: str, name: str | None) -> None:
    """Fetches the files of a study's trials from its storage."""
    from dropout_study.search.shared.collect import fetch_study

    for line in fetch_study(root, storage, name):
        print(f"dropout-study-results: {line}", file=sys.stderr)
