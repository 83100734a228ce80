"""Several processes, each with a directory of its own as on another machine, on one real server.

Each test is for every kind of server: PostgreSQL, MariaDB, and Optuna's gRPC proxy in front of
either. ``postgres.sh`` and ``mariadb.sh`` start them.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import optuna
import pytest
from faulty_study import FaultyStudy, ended, wait_until
from machines import Machines, Server, finish

from dropout_study.search.storage.open import closing_storage, open_storage
from dropout_study.search.storage.urls import masked

OWN = (
    *("experiment=quickstart", "search_space.n_trials=2", "search_space.study_name=study"),
    *("data=synthetic", "trainer.epochs=2", "hydra.sweeper.n_jobs=1", "report=none"),
    "hydra.sweeper.storage=${oc.env:STUDY_URL}",
)


def run_in(directory: Path, name: str, *words: str | Path) -> str:
    """Runs a command of this project and returns what it prints."""
    command = [Path(sys.executable).with_name(name), *words]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.usefixtures("server")
def test_processes_that_begin_at_once_end_with_the_same_study(tmp_path: Path):
    first = "hydra.sweeper.enqueue=[{x: 0.25},{x: 0.5}]"
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=12", "epoch_s=0.05", first, count=3)
    finish(machines.start())
    machines.check_same(12)
    assert machines.begun == list(range(12)), "each was trained once"
    values = machines.studies[0].column("x")
    assert [values.count("0.25"), values.count("0.5")] == [1, 1], "each was enqueued once"


@pytest.mark.usefixtures("server")
def test_one_command_collects_a_study_anywhere(tmp_path: Path):
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=3", count=1)
    finish(machines.start())
    study = machines.studies[0]
    elsewhere = tmp_path / study.paths.root.name
    command = [Path(sys.executable).with_name("dropout-study-results"), elsewhere]
    done = subprocess.run(
        [*command, "--storage", "${oc.env:STUDY_URL}"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("results.csv", "multirun.yaml", "optimization_results.yaml"):
        assert (elsewhere / name).read_bytes() == (study.paths.root / name).read_bytes()


def test_a_server_that_restarts_in_mid_sweep_is_waited_for(server: Server, tmp_path: Path):
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=16", "epoch_s=0.2", count=2)
    processes = machines.start()
    wait_until(lambda: len(machines.begun) >= 4, "some trials")
    server.control("stop")
    server.control("start")
    for printed in finish(processes):
        assert printed.count("does not answer") == printed.count("answers again") <= 2
    machines.check_same(16)
    assert set(machines.begun) == set(range(16))


@pytest.mark.slow
def test_a_server_that_is_away_for_a_minute_is_waited_for(server: Server, tmp_path: Path):
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=24", "epoch_s=0.3", count=4)
    processes = machines.start()
    wait_until(lambda: len(machines.begun) >= 6, "some trials")
    server.control("stop")
    time.sleep(60)
    server.control("start")
    for printed in finish(processes):
        assert printed.count("does not answer") == printed.count("answers again") <= 2
    machines.check_same(24)
    assert set(machines.begun) == set(range(24))


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_a_study_that_was_collected_is_reported_confirmed_and_run_again(tmp_path: Path):
    """On a machine that has run none of its trials."""
    here, there = tmp_path / "here" / "study", tmp_path / "there" / "study"
    run_in(tmp_path, "dropout-study", "--multirun", *OWN, f"hydra.sweep.dir={here}")
    there.parent.mkdir()
    run_in(tmp_path, "dropout-study-results", there, "--storage", "${oc.env:STUDY_URL}")
    run_in(tmp_path, "dropout-study-report", there)
    assert (there / "report.html").is_file()
    run_in(tmp_path, "dropout-study-rerun", there / "0")
    shown = run_in(tmp_path, "dropout-study-confirm", there, "--top", "1", "--seeds", "2")
    assert "[6/6 runs]" in shown
    assert (there / "confirmation.csv").is_file()
    assert not (here / "confirmation.csv").exists()


@pytest.mark.slow
def test_a_server_that_stays_away_is_an_error_with_the_way_to_go_on(server: Server, tmp_path: Path):
    given = ("hydra.sweeper.n_trials=50", "epoch_s=0.2", "hydra.sweeper.storage_timeout=1")
    machines = Machines(tmp_path, *given, count=1)
    (process,) = machines.start()
    wait_until(lambda: len(machines.begun) >= 2, "some trials")
    server.control("stop")
    try:
        code, printed = ended(process)
    finally:
        server.control("start")
    assert code == 1
    assert "does not answer for 1 s" in printed
    assert "finished trials are kept, resume with:" in printed
    assert "Traceback" not in printed
    assert server.password not in printed


def test_the_password_is_nowhere(server: Server, tmp_path: Path):
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=40", "epoch_s=0.1", count=1)
    (process,) = machines.start()
    wait_until(lambda: machines.begun, "a trial")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *children):
        assert server.password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    process.send_signal(signal.SIGTERM)
    code, printed = ended(process)
    assert code == 130
    assert server.password not in printed
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "hydra.yaml" for path in files)
    assert not [path for path in files if server.password.encode() in path.read_bytes()]


@pytest.mark.parametrize("written", ["environment", "command line"])
def test_a_refused_login_says_why_at_once(server: Server, tmp_path, monkeypatch, written: str):
    wrong = server.url.replace(server.password, "another/secret?")
    monkeypatch.setenv("STUDY_URL", wrong)
    url = "${oc.env:STUDY_URL}" if written == "environment" else f"'{wrong}'"
    study = FaultyStudy(tmp_path / "study", "hydra.sweeper.n_trials=1", url=url)
    code, printed = study.run()
    assert code == 1
    assert f"the storage {masked(wrong)} cannot be opened" in printed
    assert "another/secret" not in printed
    assert len(printed.strip().splitlines()) <= 3


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_another_search_on_the_same_study_is_refused(tmp_path: Path):
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=6", "epoch_s=0.2", count=2)
    first, second = machines.studies
    running = first.start()
    wait_until(lambda: machines.begun, "a trial")
    code, printed = second.run("word=other")
    assert code == 1
    assert "was begun with other settings: `word` was" in printed
    finish([running])
    assert first.column("state") == ["COMPLETE"] * 6


@pytest.fixture
def proxy(server: Server) -> Iterator[str]:
    """The URL of a gRPC proxy in front of the server."""
    command = [Path(sys.executable).with_name("dropout-study-proxy"), "--port", "0"]
    with ExitStack() as stack:
        running = stack.enter_context(
            subprocess.Popen(
                [*command, "--storage", "${oc.env:STUDY_URL}"],
                env={**os.environ, "STUDY_URL": server.url},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        stack.callback(running.kill)
        assert running.stdout is not None
        line = running.stdout.readline()
        assert "grpc://127.0.0.1:" in line, line
        yield line[line.index("grpc://") :].split()[0]


@pytest.mark.slow
def test_a_proxy_in_front_of_a_server_that_restarts(
    server: Server, proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STUDY_URL", proxy)
    machines = Machines(tmp_path, "hydra.sweeper.n_trials=12", "epoch_s=0.2", count=2)
    processes = machines.start()
    wait_until(lambda: len(machines.begun) >= 3, "some trials")
    server.control("stop")
    server.control("start")
    finish(processes)
    machines.check_same(12)
    assert set(machines.begun) == set(range(12))


def test_a_storage_keeps_every_kind_of_value(server: Server, tmp_path: Path):
    text = "\N{GREEK SMALL LETTER ALPHA}\N{GRINNING FACE}" * 3000
    storage = open_storage(server.url, tmp_path / "unused.log")
    with closing_storage(optuna.create_study(storage=storage, study_name=uuid4().hex)) as study:
        trial = study.ask()
        for step, value in enumerate((float("inf"), float("nan"), -1e300), start=1):
            trial.report(value, step)
        trial.set_user_attr("text", text)
        study.tell(trial, float("inf"))
        (stored,) = study.get_trials()
    assert stored.value == float("inf")
    assert stored.intermediate_values[3] == -1e300
    assert stored.user_attrs["text"] == text
