"""Ranks of a distributed job: such a process joins its trial and never starts a sweep.

Lightning and others start the program's command line again for every further device. Such a
process finds its trial in an environment variable and runs that one job. If the variable is
missing, the sweep itself was started as several ranks, which is refused.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dropout_study.config.overrides import to_override
from dropout_study.errors import UserError
from dropout_study.sweeper.source import Assignment

TRIAL_VARIABLE = "DROPOUT_STUDY_TRIAL"
"""Environment variable that names a job for the processes that the job's task starts."""

RANKS = {
    "LOCAL_RANK": "WORLD_SIZE",
    "RANK": "WORLD_SIZE",
    "SLURM_PROCID": "",  # 0 of several is also the shell script of a Slurm job, which is alone
    "OMPI_COMM_WORLD_RANK": "OMPI_COMM_WORLD_SIZE",
    "PMI_RANK": "PMI_SIZE",
}
"""Environment variables that give a process its rank, and those that say how many there are."""

GROUP_VARIABLES = {*RANKS, "WORLD_SIZE", "NODE_RANK", "MASTER_ADDR", "MASTER_PORT"}
"""What the first process of a group tells the others; the next trial has another group."""


def rank_of(environment: Mapping[str, str] = os.environ) -> tuple[str, int]:
    """Returns the variable that makes this process a rank of several, and the rank; or "" and 0."""
    for low in (1, 0):
        for name, size in RANKS.items():
            rank, of = _number(environment, name), _number(environment, size)
            if rank is not None and rank >= low and (rank or (of or 1) > 1):
                return name, rank
    return "", 0


def _number(environment: Mapping[str, str], name: str) -> int | None:
    text = environment.get(name, "")
    return int(text) if text.isdecimal() else None


@contextmanager
def announced(assignment: Assignment, root: Path) -> Iterator[None]:
    """Names the job in the environment while the block runs, for processes that the job starts.

    Args:
        assignment: the job.
        root: the sweep directory. Its name may contain the time, so it is passed on as an override.
    """
    overrides = [*assignment.overrides, to_override("hydra.sweep.dir", str(root))]
    before = {name: os.environ.get(name) for name in GROUP_VARIABLES}
    os.environ[TRIAL_VARIABLE] = json.dumps(asdict(replace(assignment, overrides=overrides)))
    try:
        yield
    finally:
        _leave_group()
        for name, value in {**before, TRIAL_VARIABLE: None}.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _leave_group() -> None:
    """Leaves the process group of torch, if the job has made one: torch is not imported here."""
    distributed: Any = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def own_job() -> Assignment | None:
    """Returns the job of this process if its rank is above 0; None otherwise.

    Raises:
        UserError: it is one of several ranks, but no trial has started them.
    """
    name, rank = rank_of()
    given = os.environ.get(TRIAL_VARIABLE)
    if name and given is None:
        raise UserError(
            f"this process is rank {rank} of a distributed job ({name}={rank}), no sweep starts; "
            "start the sweep as one process, its trials may start further processes; several "
            "sweepers of one study must be separate jobs (srun --ntasks=1)"
        )
    return Assignment(**json.loads(given)) if rank and given else None
