"""The pool of worker processes: who dies is told of and replaced."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import pytest

from dropout_study.sweeper.source import Assignment
from dropout_study.sweeper.workers.pool import WorkerPool
from dropout_study.sweeper.workers.worker import Died, Ended, Report, Verdict

DEADLINE_S = 20


def serve(channel: Connection, _index: int) -> None:
    """Does what the job's only override says."""
    while (job := channel.recv()) is not None:
        (order,) = job.overrides
        if order == "exit":
            os._exit(3)
        if order == "be killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if order == "leave a child" and os.fork():
            os._exit(4)
        if order in ("hang", "leave a child"):
            signal.alarm(DEADLINE_S)  # so that no process outlives the tests
            signal.pause()
        channel.send(Report(0.5, 1))
        verdict = channel.recv()
        assert isinstance(verdict, Verdict)
        channel.send(Ended(None))


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool(2, serve)
    yield made
    made.close()
    assert not any(worker.process.is_alive() for worker in made.workers)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it has not come to it"


def job(order: str) -> Assignment:
    return Assignment(0, [order], {})


def first_message(pool: WorkerPool) -> object:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        for _, _, message in pool.events(0.1):
            return message
    raise AssertionError("no worker has said anything")


def test_a_report_is_answered_and_the_worker_is_idle_again(pool):
    worker = pool.idle()[0]
    worker.assign(job("work"))
    assert first_message(pool) == Report(0.5, 1)
    worker.answer(Verdict(True))
    assert first_message(pool) == Ended(None)
    assert len(pool.idle()) == 2


@pytest.mark.parametrize(
    ("order", "says"),
    [("exit", "exited with code 3"), ("be killed", "SIGKILL"), ("leave a child", "code 4")],
)
def test_a_death_is_told_of_and_the_worker_is_replaced(pool, order, says):
    dead = pool.idle()[0]
    dead.assign(job(order))
    message = first_message(pool)
    assert isinstance(message, Died)
    assert says in message.reason
    assert len(pool.idle()) == 2
    assert dead not in pool.workers


def test_an_idle_worker_that_dies_is_replaced(pool):
    dead = pool.idle()[0]
    os.kill(dead.process.pid, signal.SIGKILL)
    until(lambda: not dead.process.is_alive())
    assert len(pool.idle()) == 2
    assert dead not in pool.workers


def test_a_worker_that_hangs_can_be_killed(pool):
    worker = pool.idle()[0]
    worker.assign(job("hang"))
    pool.kill(worker)
    assert not worker.process.is_alive()
    assert len(pool.idle()) == 2


def test_a_system_without_fork_is_told_in_one_line(monkeypatch, told):
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert "worker processes need `fork`" in told(WorkerPool, 2, serve)
