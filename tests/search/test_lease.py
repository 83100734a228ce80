"""Who runs a trial, and who is dead."""

import os
import signal
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import optuna
import pytest
from faulty_study import wait_until

from dropout_study.search import lease as lease_module
from dropout_study.search.lease import PROCESS_ATTR, SILENT_S, Lease, Process, is_used
from dropout_study.search.storage.journal import open_journal


@pytest.fixture
def study(tmp_path: Path) -> optuna.Study:
    return optuna.create_study(storage=open_journal(tmp_path / "journal.log"))


@pytest.fixture
def clock(monkeypatch) -> Iterator[list[float]]:
    """The time that leases see, in a list: seconds from now."""
    ahead = [0.0]
    for name in ("time", "monotonic"):
        now = getattr(lease_module.time, name)
        monkeypatch.setattr(lease_module.time, name, lambda now=now: now() + ahead[0])
    yield ahead
    monkeypatch.undo()


def register(study: optuna.Study, process: Process, beat: float) -> None:
    study.set_user_attr(PROCESS_ATTR + process.key, {**asdict(process), "beat": beat})


def of(study: optuna.Study, process: Process) -> int:
    """A running trial of ``process``."""
    trial = study.ask()
    trial.set_user_attr(lease_module.OWNER_ATTR, process.key)
    return trial.number


def ended_process() -> Process:
    child = os.fork()
    if child == 0:
        signal.pause()
    process = replace(
        Process.this(), key="child", pid=child, started=lease_module._start_time(child)
    )
    assert process.is_dead_here() is False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return process


def orphans(lease: Lease) -> list[int]:
    return [trial.number for trial in lease.orphans()]


def test_a_killed_process_is_dead_at_once(study):
    dead = ended_process()
    assert dead.is_dead_here() is True
    number = of(study, dead)
    register(study, dead, beat=lease_module.time.time())
    assert orphans(Lease(study)) == [number]


def test_a_number_that_another_process_has_by_now_is_no_life(study):
    before = replace(Process.this(), key="before", started="1")
    assert before.is_dead_here() is True
    number = of(study, before)
    register(study, before, beat=lease_module.time.time())
    assert orphans(Lease(study)) == [number]


def test_own_trials_and_those_of_the_living_are_no_orphans(study):
    mine, other = Lease(study), Lease(study)
    mine.mark(study.ask())
    other.mark(study.ask())
    assert orphans(mine) == []


def test_a_process_that_has_ended_its_lease_runs_nothing(study):
    mine, other = Lease(study), Lease(study)
    trial = study.ask()
    other.mark(trial)
    other.end()
    assert orphans(mine) == [trial.number]


def test_one_on_another_machine_is_dead_when_it_was_silent_for_long(study, clock):
    far = replace(Process.this(), key="far", place="elsewhere pid:[1]")
    assert far.is_dead_here() is None
    number = of(study, far)
    register(study, far, beat=lease_module.time.time())
    lease = Lease(study)
    assert orphans(lease) == []
    clock[0] = SILENT_S + 1
    assert orphans(lease) == [number]


@pytest.mark.parametrize("skew", [-120.0, 120.0])
def test_the_clock_of_another_machine_may_differ(study, clock, skew: float):
    far = replace(Process.this(), key="far", place="elsewhere pid:[1]")
    number, lease = of(study, far), Lease(study)
    for _ in range(4):
        register(study, far, beat=lease_module.time.time() + skew)
        assert orphans(lease) == []
        clock[0] += lease_module.BEAT_S
        lease.beat()
    clock[0] += SILENT_S - 2 * lease_module.BEAT_S
    assert orphans(lease) == []
    clock[0] += lease_module.BEAT_S
    assert orphans(lease) == [number]


def test_one_that_died_hours_ago_is_dead_at_the_first_look(study):
    far = replace(Process.this(), key="far", place="elsewhere pid:[1]")
    number = of(study, far)
    register(study, far, beat=lease_module.time.time() - lease_module.LONG_S - 1)
    assert orphans(Lease(study)) == [number]


def test_who_could_not_reach_the_storage_takes_nobody_for_dead(study, clock):
    """Others could not tell either that they live. It may have lost its own trials meanwhile."""
    far = replace(Process.this(), key="far", place="elsewhere pid:[1]")
    of(study, far)
    register(study, far, beat=lease_module.time.time())
    lease = Lease(study)
    assert orphans(lease) == []
    assert not lease.lapsed
    clock[0] = SILENT_S + 1
    lease.beat()
    assert orphans(lease) == []
    assert lease.lapsed


def test_a_machine_of_the_same_name_is_another_machine():
    name, *rest = Process.this().place.split()
    other = replace(Process.this(), place=" ".join([name, *rest[:-1], "another-boot"]))
    assert other.is_dead_here() is None


def test_a_beat_is_written_when_it_is_due(study, clock):
    lease = Lease(study)

    def beat() -> float:
        lease.beat()
        told: float = study.user_attrs[PROCESS_ATTR + lease.process.key]["beat"]
        return told

    first = beat()
    assert beat() == first
    clock[0] = lease_module.BEAT_S
    assert beat() >= first + lease_module.BEAT_S


def test_a_process_gives_signs_of_life_while_it_is_busy(study, monkeypatch):
    monkeypatch.setattr(lease_module, "BEAT_S", 0.01)
    lease = Lease(study)

    def told() -> float:
        beat: float = study.user_attrs[PROCESS_ATTR + lease.process.key]["beat"]
        return beat

    first = told()
    with lease.beating():
        wait_until(lambda: told() > first, "a sign of life")
    lease.end()
    assert not is_used(study)


def test_a_trial_nobody_has_marked_is_an_orphan_if_nobody_else_can_be_marking_it(study, clock):
    trial = study.ask()
    mine = Lease(study)
    assert orphans(mine) == [trial.number]
    Lease(study)
    assert orphans(mine) == []  # the other may have taken it just now
    clock[0] = SILENT_S + 1
    assert orphans(mine) == [trial.number]


def test_a_lease_ends_quietly_when_its_storage_has_gone(study, tmp_path):
    lease = Lease(study)
    (tmp_path / "journal.log").unlink()
    lease.end()


def test_a_study_is_used_while_a_process_that_may_live_is_registered(study):
    assert not is_used(study)
    register(study, ended_process(), beat=lease_module.time.time())
    assert not is_used(study)
    lease = Lease(study)
    assert is_used(study)
    lease.end()
    assert not is_used(study)
    far = replace(Process.this(), key="far", place="elsewhere pid:[1]")
    register(study, far, beat=lease_module.time.time() - 600)
    assert is_used(study)
    register(study, far, beat=lease_module.time.time() - lease_module.LONG_S - 1)
    assert not is_used(study)
