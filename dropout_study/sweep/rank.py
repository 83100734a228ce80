"""Ranks of a distributed job: such a process joins its trial and never starts a sweep.

Lightning and others start the program's command line again for every further device. Such a
process finds its trial in an environment variable and runs that one job. If the variable is
missing, the sweep itself was started as several ranks, which is refused.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from dropout_study.config.overrides import to_override
from dropout_study.errors import UserError
from dropout_study.sweep.source import Assignment

TRIAL_VARIABLE = "DROPOUT_STUDY_TRIAL"
"""Environment variable that names a job for the processes that the job's task starts."""

RANK_VARIABLES = ("LOCAL_RANK", "RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")


def rank_of(environment: Mapping[str, str] = os.environ) -> tuple[str, int]:
    """Returns the first variable that gives this process a rank above 0, and the rank; or 0."""
    for name in RANK_VARIABLES:
        text = environment.get(name, "")
        if text.isdecimal() and int(text) > 0:
            return name, int(text)
    return "", 0


@contextmanager
def announced(assignment: Assignment, root: Path) -> Iterator[None]:
    """Names the job in the environment while the block runs, for processes that the job starts.

    Args:
        assignment: the job.
        root: the sweep directory. Its name may contain the time, so it is passed on as an override.
    """
    overrides = [*assignment.overrides, to_override("hydra.sweep.dir", str(root))]
    os.environ[TRIAL_VARIABLE] = json.dumps(asdict(replace(assignment, overrides=overrides)))
    try:
        yield
    finally:
        os.environ.pop(TRIAL_VARIABLE, None)


def own_job() -> Assignment | None:
    """Returns the job of this process if its rank is above 0; None otherwise.

    Raises:
        UserError: the rank is above 0, but no trial has started this process.
    """
    name, rank = rank_of()
    if not rank:
        return None
    given = os.environ.get(TRIAL_VARIABLE)
    if given is None:
        raise UserError(
            f"this process is rank {rank} of a distributed job ({name}={rank}), no sweep starts; "
            "start the sweep as one process, its trials may start further processes; several "
            "sweepers of one study must be separate jobs (srun --ntasks=1)"
        )
    return Assignment(**json.loads(given))
