"""The files of trials reach other machines through the storage, as data under known names."""

import json
from pathlib import Path

import optuna
import pytest

from dropout_study.paths import StudyPaths
from dropout_study.search.internals import set_study_attr, storage_of, trial_id
from dropout_study.search.shared import packed as packed_module
from dropout_study.search.shared.collect import fetch_study
from dropout_study.search.shared.files import SharedFiles
from dropout_study.search.shared.packed import FILES_ATTR, Packed, unpacked
from dropout_study.search.storage.journal import open_journal

CONTENT = {
    "metrics.json": '{"state": "COMPLETE"}',
    "history.csv": "epoch\r\n1\r\n",
    ".hydra/config.yaml": "name: \u00e4\n",
    "replicate_1/metrics.json": "{}",
}


def attributes(files: dict[str, str]) -> dict[str, object]:
    attrs: dict[str, object] = {}
    Packed.of(files).write(attrs.__setitem__)
    return attrs


def place(paths: StudyPaths, number: int, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = paths.job(number).root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def found(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in files}


@pytest.fixture
def study(tmp_path: Path) -> optuna.Study:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    return optuna.create_study(storage=open_journal(tmp_path / "journal.log"), study_name="there")


def test_files_are_the_same_after_packing_in_small_parts(monkeypatch):
    monkeypatch.setattr(packed_module, "PART", 50)
    attrs = attributes(CONTENT)
    assert len(attrs) > 2
    assert max(len(json.dumps(each)) for each in attrs.values()) < 150
    assert unpacked(attrs) == CONTENT


def test_a_column_of_mysql_holds_every_part():
    text = "".join(chr(32 + i * i % 7919 % 90) for i in range(300_000))
    attrs = attributes({"history.csv": text})
    assert max(len(json.dumps(each).encode()) for each in attrs.values()) < 65_535
    assert unpacked(attrs) == {"history.csv": text}


@pytest.mark.parametrize("part", ["", "no base 85 \x00", None, "0000000000"])
def test_damaged_attributes_are_an_error(part: object):
    with pytest.raises(ValueError):  # noqa: PT011
        unpacked({FILES_ATTR: {"digest": "0", "parts": 1, "part": part}})


def test_content_that_would_fill_the_memory_is_an_error(monkeypatch):
    monkeypatch.setattr(packed_module, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="too large"):
        unpacked(attributes({"history.csv": "0" * 10_000}))


def test_what_a_trial_left_on_one_machine_is_written_on_another(study, tmp_path):
    here, there = StudyPaths(tmp_path / "here"), StudyPaths(tmp_path / "there")
    sender, receiver = SharedFiles(study, here), SharedFiles(study, there)
    trial = study.ask()
    place(here, 0, {**CONTENT, "resume.safetensors": "weights", "app.log": "a log"})
    sender.publish(0)
    assert receiver.fetch() == []
    assert found(there.root) == {}, "it has not ended"
    study.tell(trial, 1.0)
    assert receiver.fetch() == []
    assert found(there.job(0).root) == CONTENT
    assert sender.fetch() == []
    assert "app.log" in found(here.job(0).root), "its own files stay"


def test_a_trial_that_was_begun_here_and_ended_elsewhere_has_the_files_of_its_end(study, tmp_path):
    here, there = StudyPaths(tmp_path / "here"), StudyPaths(tmp_path / "there")
    trial = study.ask()
    place(there, 0, {"history.csv": "epoch\n"})
    place(here, 0, CONTENT)
    SharedFiles(study, here).publish(0)
    study.tell(trial, 1.0)
    SharedFiles(study, there).fetch()
    assert found(there.job(0).root) == CONTENT


def test_a_trial_without_files_anywhere_is_named(study, tmp_path):
    study.tell(study.ask(), 1.0)
    lost = SharedFiles(study, StudyPaths(tmp_path / "there")).fetch()
    assert [trial.number for trial in lost] == [0]


def test_only_files_of_known_names_are_written(study, tmp_path):
    trial = study.ask()
    hostile = dict.fromkeys(
        ("../../evil", "/tmp/evil", ".bashrc", "replicate_0/../../evil", "a/b", ""), "x"
    )
    attrs = attributes({**hostile, "metrics.json": "{}"})
    for name, value in attrs.items():
        storage_of(study).set_trial_system_attr(trial_id(trial), name, value)
    study.tell(trial, 1.0)
    set_study_attr(study, FILES_ATTR, attributes({**hostile, "multirun.yaml": "a: 1"})[FILES_ATTR])
    root = tmp_path / "there"
    url = f"journal://{tmp_path / 'journal.log'}"
    assert fetch_study(root, url) == []
    assert found(root) == {"0/metrics.json": "{}", "multirun.yaml": "a: 1"}


@pytest.mark.usefixtures("study")
def test_a_study_that_is_not_there_is_said(tmp_path, told):
    url = f"journal://{tmp_path / 'journal.log'}"
    assert "has no study `here`; it has: there" in told(fetch_study, tmp_path / "here", url)
    gone = f"journal://{tmp_path / 'gone.log'}"
    assert "gone.log does not exist" in told(fetch_study, tmp_path / "here", gone)
    assert not (tmp_path / "gone.log").exists()
