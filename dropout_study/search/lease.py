"""Which process runs a trial, and whether that process is alive, on any storage.

Every process that asks for trials registers with the study and marks the trials that it runs. A
dead process on the same machine is found at once. A process on another machine counts as dead
after ``SILENT_S`` without a sign of life. That time is measured by the clock of the process that
waits for the sign, so the machines' clocks may differ; they must only agree within ``LONG_S``.
"""

import math
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self
from uuid import uuid4

import optuna
from optuna.trial import FrozenTrial

OWNER_ATTR = "owner"
PROCESS_ATTR = "process:"
BEAT_S = 15
SILENT_S = 90
END_S = 5
LONG_S = 3600
"""A process whose last sign of life is older, by the clocks, is dead at the first look."""


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
    """Returns the machine and the container to which process numbers belong.

    Machines may have the same name, so the identifier of the kernel's start is part of it.
    """
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        namespace, boot = sys.platform, ""
    return f"{socket.gethostname()} {namespace} {boot}".strip()


def _start_time(pid: int) -> str:
    """Returns when the process started, in the kernel's clock; "" if that is not known."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def is_used(study: optuna.Study) -> bool:
    """Returns whether a process that may be alive works on the study."""
    return any(
        facts["beat"] and _process(facts).is_dead_here() is not True and _is_recent(facts)
        for facts in _registered(study)
    )


def _registered(study: optuna.Study) -> list[dict[str, Any]]:
    """Returns what each process of the study has told of itself."""
    attrs = study.user_attrs.items()
    return [value for name, value in attrs if name.startswith(PROCESS_ATTR)]


def _process(facts: dict[str, Any]) -> Process:
    return Process(*(facts[name] for name in ("key", "place", "pid", "started")))


def _is_recent(facts: dict[str, Any]) -> bool:
    """Returns whether a sign of life may be recent, by clocks that are not quite the same."""
    return abs(time.time() - float(facts["beat"])) < LONG_S


class Lease:
    """This process's registration with a study.

    Attributes:
        process: this process.
        lapsed: whether it was silent for so long that others may have taken over its trials.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self.process = Process.this()
        self.lapsed = False
        self._beaten = -math.inf
        self._seen: dict[str, tuple[float | None, float]] = {}
        self.beat()

    def beat(self) -> None:
        """Tells the study that this process is alive, if that is due."""
        if time.monotonic() - self._beaten < BEAT_S:
            return
        self._tell(time.time())
        now = time.monotonic()
        silent = now - self._beaten
        if math.isfinite(silent):
            self.lapsed |= silent >= SILENT_S
            if silent >= 2 * BEAT_S:  # the storage was away: others could not be heard, too
                self._seen.clear()
        self._beaten = now

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Gives signs of life from a thread, while this process is busy for long.

        Not for a process that forks workers: a forked process must have no other threads.
        """
        over = Event()
        thread = Thread(target=self._beat_until, args=(over,), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(timeout=END_S)  # it may wait for a server that is away

    def _beat_until(self, over: Event) -> None:
        while not over.wait(BEAT_S):
            with suppress(Exception):  # of the storage: who runs the trials will see it, too
                self.beat()

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

    def owns(self, trial: FrozenTrial) -> bool:
        """Returns whether a trial, as stored, is run by this process."""
        running = trial.state == optuna.trial.TrialState.RUNNING
        return running and trial.user_attrs.get(OWNER_ATTR) == self.process.key

    def orphans(self) -> list[FrozenTrial]:
        """Returns the running trials whose process is dead."""
        began = time.monotonic()
        running = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        if not running:
            return []
        living = set(self._living())
        found = [trial for trial in running if not self._is_run(trial, living)]
        was_away = time.monotonic() - began >= BEAT_S  # the storage: nobody could be heard
        return [] if was_away else found

    def _is_run(self, trial: FrozenTrial, living: set[str]) -> bool:
        owner = trial.user_attrs.get(OWNER_ATTR)
        name = f"trial {trial.number}"
        if owner is not None:
            self._seen.pop(name, None)
            return owner in living
        # No mark: a process, alive or dead, has taken the trial and not marked it yet. That takes
        # milliseconds.
        others = living - {self.process.key}
        return bool(others) and self._silence(name, None) < SILENT_S

    def _living(self) -> list[str]:
        told = _registered(self._study)
        return [self.process.key, *(facts["key"] for facts in told if self._lives(facts))]

    def _lives(self, facts: dict[str, Any]) -> bool:
        if not facts["beat"]:
            return False
        process = _process(facts)
        dead = process.is_dead_here()
        if dead is not None:
            return not dead
        return _is_recent(facts) and self._silence(process.key, facts["beat"]) < SILENT_S

    def _silence(self, name: str, sign: float | None) -> float:
        """Returns for how many seconds this process has seen the same sign of life."""
        now = time.monotonic()
        known, since = self._seen.get(name, (sign, now))
        if known != sign:
            since = now
        self._seen[name] = sign, since
        return now - since
