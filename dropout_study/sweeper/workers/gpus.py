"""The GPUs of a sweep's processes: each process sees one of them.

A process sees the GPUs that the variable ``CUDA_VISIBLE_DEVICES`` names. It is read when CUDA is
first used, so it is set as the first thing in a new process.
"""

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import Any

from dropout_study.errors import UserError, argument_error

VISIBLE = "CUDA_VISIBLE_DEVICES"
SETTING = "hydra.sweeper.gpus"
RULE = "must be auto, a number of GPUs >= 1 or a list of indices, each once, as in [0,1]"
LISTING_S = 30
"""Seconds that ``nvidia-smi`` may take."""


def check_gpus(gpus: Any) -> None:
    """Checks the form of ``hydra.sweeper.gpus``.

    Raises:
        UserError: it is neither null, "auto", a number >= 1 nor a list of indices.
    """
    if gpus in (None, "auto"):
        return
    if _is_whole(gpus) and gpus >= 1:
        return
    if isinstance(gpus, list) and gpus and all(_is_whole(each) and each >= 0 for each in gpus):
        if len(set(gpus)) == len(gpus):
            return
        raise argument_error(SETTING, gpus, RULE, "for several workers a GPU set n_jobs")
    raise argument_error(SETTING, gpus, RULE, "for the first GPU alone use 1")


def chosen_gpus(gpus: Any) -> list[str]:
    """Returns the GPUs that the workers use, as ``CUDA_VISIBLE_DEVICES`` names them.

    Args:
        gpus: as given: "auto" for all that this process sees, their number, their indices among
            those that this process sees, or null.

    Returns:
        None of them for null, and for "auto" where there are none.

    Raises:
        UserError: there is no such GPU.
    """
    check_gpus(gpus)
    if gpus is None:
        return []
    there = visible_gpus()
    if gpus == "auto":
        return there
    indices = gpus if isinstance(gpus, list) else list(range(gpus))
    if max(indices) >= len(there):
        named = os.environ.get(VISIBLE)
        seen = f"sees {len(there)} GPUs" + ("" if named is None else f" ({VISIBLE}={named})")
        raise UserError(f"`{SETTING}={str(gpus).replace(' ', '')}`: this process {seen}; use auto")
    return [there[index] for index in indices]


def visible_gpus() -> list[str]:
    """Returns the GPUs that this process sees: those of ``CUDA_VISIBLE_DEVICES``, or all.

    As CUDA does, it takes the names up to the first one that cannot be a GPU's.
    """
    named = os.environ.get(VISIBLE)
    if named is None:
        return [str(index) for index in range(_installed())]
    found: list[str] = []
    for name in map(str.strip, named.split(",")):
        if not (name.isdecimal() or name.startswith(("GPU-", "MIG-"))):
            break
        found.append(name)
    return found


@cache
def _installed() -> int:
    """Returns how many GPUs the driver's own tool lists; 0 without it."""
    command = ["nvidia-smi", "--list-gpus"]
    try:
        listed = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=LISTING_S
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


def use_gpu(gpus: Sequence[str], place: int) -> None:
    """Lets this process, and those that it starts, see only one of ``gpus``.

    Args:
        gpus: of the workers; with none of them nothing changes.
        place: the number of the worker, from 0: the GPUs are dealt out in turn.
    """
    if gpus:
        os.environ[VISIBLE] = gpus[place % len(gpus)]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
