"""``dropout-study-rerun``: repeats a trial from its directory."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.cli.ending import ending_in_one_line
from dropout_study.cli.options import Options, whole

if TYPE_CHECKING:
    from dropout_study.task.rerun import Rerun


@ending_in_one_line("rerun")
def rerun() -> None:
    """``dropout-study-rerun DIR 17``: repeats a trial; exit code 0 if its numbers are the same."""
    options = Options(
        "rerun",
        "Repeat a trial, a single run or a run of a confirmation with the settings "
        "and the number of threads that its directory records. Compare the metrics and the "
        "learning curve, but not the times. A pruned trial is trained for as many epochs as "
        "before.",
        "Exit code: 0 if the numbers are the same, 1 if not.",
    )
    options.study("directory of a study, as in outputs/quickstart, or of one run")
    options.add_argument(
        "trial", type=whole(0), nargs="?", metavar="TRIAL", help="number of the trial of a study"
    )
    options.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the files of the repeated runs here"
    )
    options.trust()
    arguments = options.read()
    from dropout_study.task.recorded import Trust, trusting
    from dropout_study.task.rerun import rerun_run, rerun_trial

    with trusting(Trust(arguments.trust)):
        if arguments.trial is None:
            same = _told(rerun_run(arguments.dir, arguments.keep), "run")
        else:
            runs = rerun_trial(arguments.dir, arguments.trial, arguments.keep)
            each = [_told(run, "trial") for run in runs]
            same = all(each)
    sys.exit(int(not same))


def _told(run: "Rerun", kind: str) -> bool:
    """Prints the comparison of a run and returns whether its numbers are the same."""
    print(f"{kind} {run.name}: {run.verdict}")
    if not run.same:
        for d in [*run.numbers, *run.setting]:
            print(f"  {d.what}: recorded {d.recorded}, now {d.now}")
    if run.error:
        print(f"It cannot be trained now: {run.error}")
    return run.same
