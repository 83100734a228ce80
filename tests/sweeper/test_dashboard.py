"""The command that a sweep prints, given to the real optuna-dashboard."""

import json
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from dropout_study.sweeper.display import dashboard
from dropout_study.sweeper.display.dashboard import dashboard_command, dashboard_hint

START = 60.0  # seconds; it takes about six


@pytest.mark.parametrize(
    ("storage", "command"),
    [
        ("sqlite:////a/study.db", "optuna-dashboard sqlite:////a/study.db"),
        ("postgresql://me:p@ss@host/db", "optuna-dashboard 'postgresql://me:***@host/db'"),
        ("mysql://host/db?password=p&a=1", "optuna-dashboard 'mysql://host/db?password=***&a=1'"),
        (
            "journal:///a/study.log",
            "optuna-dashboard --storage-class JournalFileStorage /a/study.log",
        ),
        (
            Path("outputs/my study/journal.log"),
            "optuna-dashboard --storage-class JournalFileStorage 'outputs/my study/journal.log'",
        ),
    ],
)
def test_the_command_is_for_a_shell_and_shows_no_password(storage: str | Path, command: str):
    assert dashboard_command(storage) == command


@pytest.mark.parametrize("installed", [True, False])
def test_the_hint_installs_the_dashboard_where_it_is_missing(installed, monkeypatch):
    monkeypatch.setattr(dashboard, "find_spec", lambda _: installed or None)
    hint = dashboard_hint(Path("journal.log"))
    assert dashboard_command(Path("journal.log")) in hint
    assert ("pip install 'dropout-study[dashboard]'" in hint) is not installed


@pytest.mark.skipif(
    shutil.which("optuna-dashboard", path=str(Path(sys.executable).parent)) is None,
    reason="needs dropout-study[dashboard]",
)
@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_the_dashboard_opens_the_study(tmp_path: Path, kind: str):
    journal = tmp_path / "my study" / "journal.log"
    journal.parent.mkdir()
    url = f"sqlite:///{tmp_path}/study.db"
    as_journal = kind == "journal"
    storage = JournalStorage(JournalFileBackend(str(journal))) if as_journal else RDBStorage(url)
    study = optuna.create_study(storage=storage, study_name="quickstart", direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("model.dropout1", 0, 1), n_trials=3)

    assert "quickstart" in names_shown(dashboard_command(journal if as_journal else url))


def names_shown(command: str) -> list[str]:
    """Returns the names of the studies that the dashboard started by ``command`` lists."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program, *words = shlex.split(command)
    program = str(Path(sys.executable).parent / program)
    server = subprocess.Popen(
        [program, *words, "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        listed = answer(server, f"http://127.0.0.1:{port}/api/studies")
        return [summary["study_name"] for summary in listed["study_summaries"]]
    finally:
        server.kill()
        server.communicate()


def answer(server: "subprocess.Popen[bytes]", url: str) -> dict[str, list[dict[str, str]]]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=START) as response:
                return json.load(response)
        except urllib.error.URLError:
            time.sleep(0.1)  # until it listens
    raise AssertionError(f"no answer; it said: {server.stdout and server.stdout.read1()!r}")
