"""``dropout-study-rerun``: a trial repeated from its directory."""

import argparse
import sys
from pathlib import Path

from dropout_study.errors import UserError


def rerun() -> None:
    """``dropout-study-rerun DIR 17``: repeats a trial; exit code 0 if its numbers are the same."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-rerun",
        description="Repeat a trial from what its directory records and compare the numbers: "
        "metrics and learning curve, times aside. A pruned trial runs as far as it did.",
        epilog="Exit code: 0 the same, 1 not.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    parser.add_argument("trial", type=int, help="number of the trial")
    parser.add_argument("--keep", type=Path, help="keep the repeated runs' files there")
    arguments = parser.parse_args()
    try:
        from dropout_study.task.rerun import rerun_trial

        differ = False
        for run in rerun_trial(arguments.dir, arguments.trial, arguments.keep):
            print(f"trial {run.name}: {run.verdict}")
            if run.same:
                continue
            differ = True
            for d in [*run.numbers, *run.setting]:
                print(f"  {d.what}: recorded {d.recorded}, now {d.now}")
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-rerun: {error}")
    sys.exit(int(differ))
