"""A study's report that follows its trials."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from chromium import CHROMIUM, browser
from fake_study import sampled, write_study, write_trial
from serving import asked, served

from dropout_study.errors import UserError
from dropout_study.report import page as report_page
from dropout_study.watch import watch as watching
from dropout_study.watch.pages import NICE, served_page
from dropout_study.watch.versions import study_version
from dropout_study.watch.watch import Watch, watch


@pytest.fixture(autouse=True)
def one_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are drawn in the tests of the report."""
    figures = [each for each in report_page.study_figures() if each.name == "optimisation_history"]
    monkeypatch.setattr(report_page, "study_figures", lambda: figures)


def test_a_version_changes_as_trials_begin_and_end(tmp_path: Path) -> None:
    root = tmp_path / "study"
    versions = [study_version(root)]
    for number, state in ((0, "RUNNING"), (1, "COMPLETE")):
        root.mkdir(exist_ok=True)
        write_trial(root, number, state, sampled(number), 0, {})
        versions.append(study_version(root))
    (root / "0" / "metrics.json").write_text("{}")
    versions.append(study_version(root))
    (root / "confirmation.csv").write_text("a")
    versions.append(study_version(root))

    assert len(set(versions)) == len(versions)
    (root / "0" / "some.log").write_text("a")
    assert study_version(root) == versions[-1]


def test_the_page_waits_for_a_study_then_follows_it_and_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "study"
    with served() as server:
        watched = Watch(root, server)
        watched.look()
        assert b"no trial yet" in asked(server)[1]

        write_study(root, ["COMPLETE"] * 3)
        before = sorted(root.rglob("*"))
        watched.look()
        page = asked(server)[1].decode()
        assert "Best of 3 complete trials" in page
        assert "connect-src 'self'" in page.replace("&#39;", "'")
        assert '"directories":{}' in page  # they are not served
        assert sorted(root.rglob("*")) == before

        first = server.page
        watched.look()
        assert server.page is first  # nothing has changed


def test_a_figure_that_cannot_be_imported_is_refused_before_the_first_trial(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`no_such` must be the dotted path of a figure"):
        served_page(tmp_path / "soon", "1", ["no_such"], None)


def test_a_page_that_cannot_be_made_is_told_once_and_the_last_one_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path, ["COMPLETE"] * 2)
    with served() as server:
        watched = Watch(tmp_path, server, figures=["no_such.FIGURE"])
        watched.look()
        watched.look()

        assert asked(server)[1] == b"<p>first</p>"
    told = capsys.readouterr().err
    assert told.count("dropout-study-watch: the page is not made again: the figure") == 1


def test_what_is_no_study_is_refused_with_what_to_give(tmp_path: Path) -> None:
    write_study(tmp_path / "outputs" / "a", ["COMPLETE"])
    run, file = tmp_path / "outputs" / "runs" / "one", tmp_path / "file"
    run.mkdir(parents=True)
    (run / "metrics.json").write_text("{}")
    file.write_text("")

    with pytest.raises(UserError, match=r"is no study; watch one in it: .*outputs/a$"):
        watch(tmp_path / "outputs")
    with pytest.raises(UserError, match=r"runs has single runs; dropout-study-results makes"):
        watch(tmp_path / "outputs" / "runs")
    with pytest.raises(UserError, match=r"file is not a directory; give the directory of a study$"):
        watch(file)


def test_a_storage_is_asked_before_each_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = []

    def fetch(root: Path, url: str, name: str | None) -> list[str]:
        assert (url, name) == ("sqlite:///a.db", "a")
        looks.append(root)
        if len(looks) == 3:
            write_study(root, ["COMPLETE"] * 2)
        return ["trials 0, 1 have no files in the storage"]

    monkeypatch.setattr(watching, "fetch", fetch)
    with served() as server:
        watched = Watch(tmp_path / "a", server, storage="sqlite:///a.db", study_name="a")
        watched.look()
        watched.look()
        assert capsys.readouterr().err.count("trials 0, 1 have no files") == 1
        watched.look()

        assert b"Best of 2 complete trials" in asked(server)[1]
    assert capsys.readouterr().err == ""


@pytest.fixture
def command(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, on a study that does not exist yet."""
    script = Path(sys.executable).with_name("dropout-study-watch")
    process = subprocess.Popen(
        [script, str(tmp_path / "soon"), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    yield process
    process.kill()
    process.communicate()


def test_the_command_serves_and_ends_without_a_word(command: subprocess.Popen[str]) -> None:
    assert command.stdout is not None
    assert "soon has no trial yet: waiting for the first one" in command.stdout.readline()
    url = re.search(r"http://127\.0\.0\.1:\d+/", command.stdout.readline())
    assert url is not None
    with urlopen(url[0], timeout=120) as answer:
        assert b"no trial yet" in answer.read()
    beside = children(command.pid)
    here = os.getpriority(os.PRIO_PROCESS, 0)
    assert [os.getpriority(os.PRIO_PROCESS, each) for each in beside] == [min(here + NICE, 19)]

    command.send_signal(signal.SIGTERM)  # it is treated as Ctrl-C

    assert command.communicate(timeout=120) == ("", "")
    assert command.returncode == 0
    assert [each for each in beside if Path(f"/proc/{each}").exists()] == []


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_a_reader_keeps_what_was_filtered_and_chosen(tmp_path: Path) -> None:
    root = write_study(tmp_path / "study", [*["COMPLETE"] * 4, "PRUNED"])
    look_now = "window.dispatchEvent(new Event('focus'))"
    with browser(tmp_path / "profile") as tab, served() as server:
        watched = Watch(root, server)
        watched.look()
        tab.open(server.url)
        tab.run("study.filter('trial', {low: 1, high: Infinity}); study.choose(2, true)")
        tab.run("study.sort('trial'); study.sort('trial'); study.mark(3)")
        tab.run("document.querySelectorAll('#trials fieldset input')[1].click()")
        assert tab.run("study.visible.map(row => row[0])") == [3, 2, 1]

        write_trial(root, 5, "COMPLETE", sampled(5), 0, {})
        watched.look()
        tab.run(look_now)
        tab.wait("document.readyState === 'complete' && study.rows.length === 6")

        assert tab.run("study.visible.map(row => row[0])") == [5, 3, 2, 1]
        assert tab.run("[study.marked, study.current]") == [[2, 3], 3]
        assert tab.run("document.querySelectorAll('#trials fieldset input')[1].checked") is False
        assert {url.rstrip("/") for url in tab.requests()} == {server.url.rstrip("/")}
        assert tab.problems() == []
        server.shutdown()
        server.server_close()
        tab.run(look_now)
        tab.wait("document.querySelector('.watch').hidden === false")
    shutil.rmtree(root)
