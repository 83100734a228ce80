"""Which process runs a trial, and whether that process is alive, on any storage.

Every process that asks for trials registers with the study and marks the trials that it runs. A
dead process on the same machine is found at once. A process on another machine counts as dead
after ``SILENT_S`` without a sign of life (so the machines' clocks must agree within that time).
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
    """A process, described such that other processes can recognise it."""

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
        """Returns whether it has ended; None if it ran on another machine, and on Windows."""
        if self.place != _place() or os.name == "nt":  # on Windows `os.kill` would end it
            return None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return self.started != _start_time(self.pid)  # another process may have its number now


def _place() -> str:
    """Returns the machine and the container to which process numbers belong."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = sys.platform
    return f"{socket.gethostname()} {namespace}"


def _start_time(pid: int) -> str:
    """Returns when the process started, in the kernel's clock; "" if that is not known."""
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
        """Tells the study that this process is alive, if that is due."""
        now = time.time()
        if now - self._beaten >= BEAT_S:
            self._tell(now)
            self._beaten = now

    def end(self) -> None:
        """Tells the study that this process runs no trials any more."""
        with suppress(Exception):  # the storage itself may be gone
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
        # No mark: a process, alive or dead, has taken the trial and not marked it yet. That takes
        # milliseconds.
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
