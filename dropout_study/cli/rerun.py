"""``dropout-study-rerun``: a trial repeated from its directory."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.errors import UserError

if TYPE_CHECKING:
    from dropout_study.task.rerun import Rerun


def rerun() -> None:
    """``dropout-study-rerun DIR 17``: repeats a trial; exit code 0 if its numbers are the same."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-rerun",
        description="Repeat a trial, a single run or a run of a confirmation from what its "
        "directory records, with as many threads, and compare the numbers: metrics and learning "
        "curve, times aside. A pruned trial runs as far as it did.",
        epilog="Exit code: 0 the same, 1 not.",
    )
    parser.add_argument(
        "dir", type=Path, help="directory of a study, as outputs/quickstart, or of one run"
    )
    parser.add_argument("trial", type=int, nargs="?", help="number of the trial of a study")
    parser.add_argument("--keep", type=Path, help="keep the repeated runs' files there")
    arguments = parser.parse_args()
    try:
        from dropout_study.task.rerun import rerun_run, rerun_trial

        if arguments.trial is None:
            same = _told(rerun_run(arguments.dir, arguments.keep), "run")
        else:
            runs = rerun_trial(arguments.dir, arguments.trial, arguments.keep)
            each = [_told(run, "trial") for run in runs]
            same = all(each)
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-rerun: {error}")
    sys.exit(int(not same))


def _told(run: "Rerun", kind: str) -> bool:
    """Prints how a run compares, and returns whether it is the same."""
    print(f"{kind} {run.name}: {run.verdict}")
    if not run.same:
        for d in [*run.numbers, *run.setting]:
            print(f"  {d.what}: recorded {d.recorded}, now {d.now}")
    if run.error:
        print(f"It cannot be trained now: {run.error}")
    return run.same
