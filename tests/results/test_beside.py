"""The process beside a sweep: it answers, and it never outlives the sweep's own process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from faulty_study import is_alive

from dropout_study.results.beside import Beside, call_beside

PARENT = """
import os, signal
from dropout_study.results.beside import Beside
beside = Beside()
print(beside.call(os.getpid, ()), flush=True)
"""


@pytest.fixture
def beside() -> Iterator[Beside]:
    process = Beside()
    yield process
    process.end()


def fail() -> None:
    raise ValueError("no such table")


def test_it_calls_a_function_in_a_process_of_its_own(beside):
    beside.call_soon(fail)  # what cannot be prepared is told where it is missed
    assert beside.call(os.path.join, ("a", "b")) == "a/b"
    assert beside.call(os.getpid, ()) not in (os.getpid(), os.getppid())


def test_an_error_is_raised_here(beside):
    with pytest.raises(ValueError, match="no such table"):
        beside.call(fail, ())


def test_a_killed_process_is_not_missed(beside):
    os.kill(beside.call(os.getpid, ()), signal.SIGKILL)
    assert beside.call(os.getpid, ()) == os.getpid()


def test_without_a_process_the_function_is_called_here(tmp_path):
    assert call_beside(tmp_path, os.getpid) == os.getpid()


@pytest.mark.parametrize(
    ("then", "end"),
    [
        ("signal.pause()", subprocess.Popen.kill),
        ("signal.pause()", subprocess.Popen.terminate),
        ("raise SystemExit(1)", lambda _: None),
    ],
    ids=["killed", "terminated", "exits"],
)
def test_it_ends_with_its_parent(then: str, end: Callable[[subprocess.Popen[str]], None]):
    command = [sys.executable, "-c", PARENT + then]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        end(parent)
    deadline = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < deadline, "the process beside has been left behind"
        time.sleep(0.01)


def test_ctrl_c_is_left_to_the_parent(beside):
    os.kill(beside.call(os.getpid, ()), signal.SIGINT)
    assert beside.call(os.getpid, ()) != os.getpid()
