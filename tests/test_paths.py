import os
import subprocess
from pathlib import Path

import pytest

from dropout_study.files import TEMPORARY, atomic_write, remove_temporaries
from dropout_study.paths import JobPaths, StudyPaths, cache_dir, conf_dir


def test_conf_dir_holds_the_primary_config():
    assert (conf_dir() / "config.yaml").is_file()


def test_cache_dir_follows_the_xdg_specification(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "dropout_study"
    monkeypatch.setenv("XDG_CACHE_HOME", "")  # "either not set or empty": the default
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "dropout_study"


@pytest.mark.parametrize("durable", [True, False])
def test_atomic_write_makes_the_directory_and_leaves_nothing_else(tmp_path, durable):
    path = tmp_path / "new" / "file.txt"
    with atomic_write(path, durable=durable) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_who_reads_the_old_file_reads_it_whole(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with path.open() as reader:
        with atomic_write(path) as temporary:
            temporary.write_text("new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def write_half(path: Path) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("ha")
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.glob("*file.txt*")) == [path]


def test_an_interrupted_first_write_leaves_no_file(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "dir" / "file.txt")
    assert list((tmp_path / "dir").iterdir()) == []


def test_jobs_are_the_numbered_directories_by_number(tmp_path):
    for name in ("10", "9", "0", "figures", ".hydra"):
        (tmp_path / name).mkdir()
    (tmp_path / "7").write_text("not a directory")
    study = StudyPaths(tmp_path)
    assert study.jobs() == [(n, JobPaths(tmp_path / str(n))) for n in (0, 9, 10)]
    assert study.job(9).root == tmp_path / "9"


def test_the_files_of_a_study_have_the_documented_names(tmp_path):
    study, job = StudyPaths(tmp_path), StudyPaths(tmp_path).job(3)
    given = [
        *(study.results_csv, study.journal, study.multirun_yaml, study.optimization_results_yaml),
        *(job.history_csv, job.metrics_json, job.curves_png, job.overrides_yaml),
    ]
    assert [str(path.relative_to(tmp_path)) for path in given] == [
        *("results.csv", "journal.log", "multirun.yaml", "optimization_results.yaml"),
        *("3/history.csv", "3/metrics.json", "3/curves.png", "3/.hydra/overrides.yaml"),
    ]


def test_what_a_dead_process_was_writing_is_removed_at_once_where_it_is_nobodys(tmp_path: Path):
    child = subprocess.Popen(["true"])
    child.wait()
    left = tmp_path / f".metrics.json.{child.pid}{TEMPORARY}"
    alive = tmp_path / f".metrics.json.{os.getpid()}{TEMPORARY}"
    for path in (left, alive):
        path.write_text("half")
    remove_temporaries(tmp_path)
    assert left.exists()  # it is young, and another machine may have a process of this number
    remove_temporaries(tmp_path, older_than=0)
    assert not left.exists()
    assert alive.exists()


def test_an_error_of_the_file_system_names_the_file_that_was_asked_for(tmp_path):
    path = tmp_path / "page.html"
    path.mkdir()
    with pytest.raises(IsADirectoryError) as raised, atomic_write(path) as temporary:
        temporary.write_text("")
    assert raised.value.filename == str(path)
    assert TEMPORARY not in str(raised.value)
