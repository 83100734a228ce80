"""A study with pauses that is killed at any of its writes ends as one that was never stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from halving import begin, end, train

from dropout_study.search.asktell import AskTell
from dropout_study.search.storage.journal import WholeLinesBackend

SETTINGS: dict[str, Any] = {"n_trials": 7, "min_resource": 1, "reduction_factor": 2}


class Killed(BaseException):
    """The process has died."""


@contextmanager
def killed_after(writes: int, monkeypatch) -> Iterator[None]:
    """Lets ``writes`` writes to a journal pass, and dies at the next."""
    whole = WholeLinesBackend.append_logs
    left = iter(range(writes))

    def append(self: WholeLinesBackend, logs: list[dict[str, Any]]) -> None:
        if next(left, None) is None:
            raise Killed
        whole(self, logs)

    with monkeypatch.context() as patched:
        patched.setattr(WholeLinesBackend, "append_logs", append)
        yield


def curve(number: int, step: int) -> float:
    """Learning curves that cross each other."""
    return ((number * 7 + step * (number % 5)) % 13) / 13


def work(asktell: AskTell, *, anew: bool) -> None:
    """Runs a study to its end; a promoted trial continues, or begins ``anew``."""
    asktell.queue.requeue_orphans()
    while (asked := asktell.ask()) is not None:
        train(asktell, asked, curve, epochs=4, anew=anew)
    end(asktell)


def trials(asktell: AskTell) -> list[tuple[str, float | None, dict[int, float]]]:
    found = asktell.study.get_trials()
    return [(trial.state.name, trial.value, trial.intermediate_values) for trial in found]


@pytest.mark.parametrize(("budget", "anew"), [(None, False), (14, True)])
def test_killed_at_any_write(tmp_path: Path, monkeypatch, budget: int | None, anew: bool):
    monkeypatch.setattr("os.fsync", lambda _: None)  # no power cut is meant; it takes long
    never = begin(tmp_path / "never.log", budget=budget, **SETTINGS)
    work(never, anew=anew)
    want = trials(never)
    assert {state for state, *_ in want} == {"PRUNED", "COMPLETE"}
    writes = len((tmp_path / "never.log").read_text().splitlines())
    for kill_at in range(5 + 2 * anew, writes, 5):
        path = tmp_path / f"{kill_at}.log"
        asktell = begin(path, budget=budget, **SETTINGS)
        with pytest.raises(Killed), killed_after(kill_at - 4, monkeypatch):
            work(asktell, anew=anew)
        asktell._lease.end()
        again = begin(path, budget=budget, **SETTINGS)
        work(again, anew=anew)
        assert trials(again) == want, kill_at
