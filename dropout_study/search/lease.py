"""Which process runs a trial, and whether it still lives, on whatever storage.

Every process that asks for trials registers with the study and marks the trials it runs as its
own. On the same machine a dead process is known at once; one on another machine is taken for dead
when it has not been heard of for ``SILENT_S`` (so the machines' clocks must agree that far).
"""

import os
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import optuna
from optuna.trial import FrozenTrial

OWNER_ATTR = "owner"
PROCESS_ATTR = "process:"
BEAT_S = 15
SILENT_S = 90


@dataclass(frozen=True)
class Process:
    """A process as others can recognise it."""

    key: str
    place: str
    pid: int
    started: str

    @classmethod
    def this(cls) -> Self:
        """Returns the running process."""
        pid = os.getpid()
        return cls(uuid4().hex[:12], _place(), pid, _start_time(pid))

    def is_dead_here(self) -> bool | None:
        """Returns whether it has ended; None where it ran on another machine, or on Windows."""
        if self.place != _place() or os.name == "nt":  # there `os.kill` would end it
            return None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return self.started != _start_time(self.pid)  # another process has its number by now


def _place() -> str:
    """Returns the machine, and the container on it, whose process numbers are meant."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = sys.platform
    return f"{socket.gethostname()} {namespace}"


def _start_time(pid: int) -> str:
    """Returns when the process started, in the kernel's own clock; "" where it does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


class Lease:
    """This process's registration with a study."""

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self.process = Process.this()
        self._beaten = 0.0
        self.beat()

    def beat(self) -> None:
        """Tells the study that this process lives, if that is due."""
        now = time.time()
        if now - self._beaten >= BEAT_S:
            self._tell(now)
            self._beaten = now

    def end(self) -> None:
        """Tells the study that this process runs nothing any more."""
        with suppress(Exception):  # the storage may be what has gone
            self._tell(0.0)

    def _tell(self, beat: float) -> None:
        facts = {**asdict(self.process), "beat": beat}
        self._study.set_user_attr(PROCESS_ATTR + self.process.key, facts)

    def mark(self, trial: optuna.Trial) -> None:
        """Marks ``trial`` as run by this process."""
        trial.set_user_attr(OWNER_ATTR, self.process.key)

    def orphans(self) -> list[FrozenTrial]:
        """Returns the running trials whose process is dead."""
        running = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        if not running:
            return []
        living = set(self._living())
        return [trial for trial in running if not self._is_run(trial, living)]

    def _is_run(self, trial: FrozenTrial, living: set[str]) -> bool:
        owner = trial.user_attrs.get(OWNER_ATTR)
        if owner is not None:
            return owner in living
        # It died, or it lives, between taking the trial and marking it: a matter of milliseconds.
        others = living - {self.process.key}
        age = time.time() - trial.datetime_start.timestamp() if trial.datetime_start else SILENT_S
        return bool(others) and age < SILENT_S

    def _living(self) -> list[str]:
        attrs = self._study.user_attrs
        told = [value for name, value in attrs.items() if name.startswith(PROCESS_ATTR)]
        return [self.process.key, *(facts["key"] for facts in told if _lives(facts))]


def _lives(facts: dict[str, Any]) -> bool:
    if not facts["beat"]:
        return False
    dead = Process(*(facts[name] for name in ("key", "place", "pid", "started"))).is_dead_here()
    return time.time() - facts["beat"] < SILENT_S if dead is None else not dead
