"""Processes that are killed or cut off, and machines whose clocks differ, on a real server."""

import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from faulty_study import FaultyStudy, ended, wait_until
from machines import Machines, Server, finish

ROOT = os.geteuid() == 0
OTHER_PLACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
"""A process in it cannot see others, as on another machine."""


def start_with(
    study: FaultyStudy, words: tuple[str, ...], *overrides: str
) -> subprocess.Popen[str]:
    """Starts the command of a study by another program, as in ``faketime ... python app.py``."""
    given = [f"hydra.sweep.dir={study.paths.root}", *study.overrides, *overrides]
    return subprocess.Popen(
        [*words, "python", *study.program, "--multirun", *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        cwd=study.paths.root.parent,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_four_processes_killed_at_fifty_random_moments(tmp_path: Path):
    """Each is killed while it runs a trial, and begun again."""
    kills, total, chance = 50, 60, random.Random(7)
    given = ("hydra.sweeper.n_trials=60", "epoch_s=0.8", "hydra.sweeper.max_retries=1000")
    machines = Machines(tmp_path, *given, count=4)
    running = machines.start()
    known = [0] * 4  # trials that were begun on each before its present process

    def busy() -> list[int]:
        counts = [log.read_text().count("\n") if log.is_file() else 0 for log in machines.logs]
        return [i for i, process in enumerate(running) if counts[i] > known[i] and alive(process)]

    for _ in range(kills):
        wait_until(busy, "a process with a trial")
        time.sleep(chance.uniform(0, 1.5))
        victim = chance.choice(busy())
        os.kill(running[victim].pid, signal.SIGKILL)
        ended(running[victim])
        known[victim] = machines.logs[victim].read_text().count("\n")
        running[victim] = machines.studies[victim].start()
    finish(running)
    machines.check_same(total)
    print(f"{kills} kills; {len(machines.begun)} begun, {total} in the table")


def alive(process: subprocess.Popen[str]) -> bool:
    return process.poll() is None


@pytest.mark.skipif(not (ROOT and shutil.which("faketime")), reason="needs root and faketime")
@pytest.mark.usefixtures("server")
def test_clocks_two_minutes_apart(tmp_path: Path):
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=8", "epoch_s=0.3", count=3)
    skews = ("-120s", "+0s", "+120s")
    finish(
        [
            start_with(study, ("faketime", "-f", skew, *OTHER_PLACE))
            for study, skew in zip(machines.studies, skews, strict=True)
        ]
    )
    machines.check_same(8)
    assert machines.begun == list(range(8)), "each was trained once"


@pytest.mark.slow
@pytest.mark.skipif(not ROOT, reason="needs root")
@pytest.mark.usefixtures("server")
def test_a_process_that_is_busy_for_two_minutes_is_not_taken_for_dead(tmp_path: Path):
    """Its trial runs in the process itself, which reports nothing meanwhile."""
    given = ("hydra.sweeper.n_trials=2", "epochs=1", "epoch_s=120")
    machines = Machines(tmp_path, *given, count=2)
    here = "hydra.sweeper.n_jobs=0"
    printed = "".join(finish([start_with(each, OTHER_PLACE, here) for each in machines.studies]))
    machines.check_same(2)
    assert [printed.count(f"trial {number} prints") for number in (0, 1)] == [1, 1]


class Wire:
    """A network namespace with one wire to this one, over which it reaches a port."""

    name, here, there = "study-test", "10.213.7.1", "10.213.7.2"

    def __init__(self, port: int) -> None:
        for words in (
            f"ip netns add {self.name}",
            f"ip link add st-here type veth peer name st-there netns {self.name}",
            f"ip addr add {self.here}/30 dev st-here",
            "ip link set st-here up",
            f"ip -n {self.name} addr add {self.there}/30 dev st-there",
            f"ip -n {self.name} link set st-there up",
        ):
            subprocess.run(words.split(), check=True)
        self._listening = socket.create_server((self.here, 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, args=(port,), daemon=True).start()

    def up(self, word: str) -> None:
        subprocess.run(["ip", "link", "set", "st-here", word], check=True)

    def close(self) -> None:
        self._listening.close()
        subprocess.run(["ip", "netns", "del", self.name], check=True)

    def _serve(self, port: int) -> None:
        with suppress(OSError):
            while True:
                theirs, _ = self._listening.accept()
                ours = socket.create_connection(("127.0.0.1", port))
                for pair in ((theirs, ours), (ours, theirs)):
                    threading.Thread(target=_copy, args=pair, daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError), source, target:
        while content := source.recv(65536):
            target.sendall(content)


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    with ExitStack() as stack:
        made = Wire(int(server.url.rpartition(":")[2].partition("/")[0]))
        stack.callback(made.close)
        yield made


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT and shutil.which("ip")), reason="needs root and iproute2")
def test_a_process_that_is_cut_off_and_comes_back(server, wire, tmp_path, monkeypatch):
    """For longer than the others wait for a sign of life, so they take over its trial."""
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=10", "epoch_s=1", count=2)
    head, _, _ = server.url.rpartition("@")
    database = server.url.rpartition("/")[2]
    with monkeypatch.context() as patch:
        patch.setenv("STUDY_URL", f"{head}@{wire.here}:{wire.port}/{database}")
        in_place = ("ip", "netns", "exec", wire.name, *OTHER_PLACE)
        far = start_with(machines.studies[0], in_place)
    near = machines.studies[1].start()
    log = machines.studies[0].paths.workers_log
    wait_until(lambda: log.is_file() and log.read_text(), "a trial of the one that is cut off")
    wire.up("down")
    code, printed = ended(near)
    assert code == 0, printed
    assert machines.studies[1].column("state") == ["COMPLETE"] * 10
    wire.up("up")
    code, printed = ended(far)
    assert code == 0, printed
    assert "does not answer" in printed
    machines.check_same(10)
