"""What a job directory holds is read as plain data, or one line says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.task.job_files import (
    JobFileError,
    JobFiles,
    recorded_data,
    trained_runs,
    trial_files,
)

DATA = {"train": 8, "val": 2, "test": 4, "classes": 3, "in_shape": [1, 4, 4], "sha256": "abc"}
READERS = {
    "config": ".hydra/config.yaml",
    "hydra": ".hydra/hydra.yaml",
    "overrides": ".hydra/overrides.yaml",
    "metrics": "metrics.json",
    "provenance": "provenance.json",
    "data": "provenance.json",
    "history": "history.csv",
}
every_reader = pytest.mark.parametrize(("reader", "name"), READERS.items(), ids=READERS)


def written(root: Path, name: str, content: str | bytes) -> JobFiles:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return JobFiles(JobPaths(root))


def provenance(root: Path, facts: Any) -> JobFiles:
    return written(root, "provenance.json", json.dumps(facts))


def error_of(files: JobFiles, reader: str) -> JobFileError:
    with pytest.raises(JobFileError) as raised:
        getattr(files, reader)()
    assert isinstance(raised.value, UserError)
    assert "\n" not in str(raised.value)
    return raised.value


@every_reader
def test_a_missing_file_is_told_by_its_path(tmp_path, reader, name):
    error = error_of(JobFiles(JobPaths(tmp_path)), reader)
    assert (str(error), error.missing) == (f"{tmp_path / name} is missing", True)


@every_reader
def test_files_are_missing_where_the_job_directory_is_a_file(tmp_path, reader, name):
    (tmp_path / "0").write_text("")
    error = error_of(JobFiles(JobPaths(tmp_path / "0")), reader)
    assert (error.path, error.missing) == (tmp_path / "0" / name, True)


@every_reader
@pytest.mark.parametrize("content", ["{", "a: [b\n- c", "\0", b"\xff\xfe\xff", "- [[1", "[" * 9999])
def test_a_damaged_file_is_told_in_one_line(tmp_path, reader, name, content):
    error = error_of(written(tmp_path, name, content), reader)
    assert str(error).startswith(f"{tmp_path / name} is damaged: ")
    assert not error.missing


@every_reader
def test_a_directory_in_the_place_of_a_file_is_told(tmp_path, reader, name):
    (tmp_path / name).mkdir(parents=True)
    assert str(error_of(JobFiles(JobPaths(tmp_path)), reader)).endswith("Is a directory")


@pytest.mark.parametrize(
    ("reader", "content", "reason"),
    [
        ("config", "[a]", "not an object"),
        ("overrides", "a: 1", "not a list"),
        ("overrides", "", "not a list"),
        ("metrics", "[1]", "not an object"),
        ("metrics", "{}", "not a state of a trial: None"),
        ("metrics", '{"state": "DONE"}', "not a state of a trial: 'DONE'"),
        ("metrics", '{"state": []}', "not a state of a trial: []"),
        ("provenance", '"text"', "not an object"),
        ("history", "", "no column `epoch`"),
        ("history", "loss\n0.5\n", "no column `epoch`"),
        ("history", "epoch,loss\n1,high\n", "could not convert string to float: 'high'"),
        ("history", "epoch,loss\n1.5,0\n", "`epoch` is not a whole number: 1.5"),
    ],
)
def test_content_of_another_kind_is_damage(tmp_path, reader, content, reason):
    assert error_of(written(tmp_path, READERS[reader], content), reader).reason == reason


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        *((name, "x", "number") for name in ("value", "seconds", "value_sd")),
        *((name, 1.5, "whole number") for name in ("trial", "epochs_run", "best_epoch", "seed")),
        *((name, "x", "whole number") for name in ("n", "replicate", "duplicate_of")),
        *((name, [], "whole number") for name in ("seed", "duplicate_of")),
        *((name, True, "number") for name in ("value", "seconds")),
        *((name, 7, "text") for name in ("error", "job_dir")),
    ],
)
def test_a_field_of_another_type_is_damage(tmp_path, field, value, kind):
    files = written(tmp_path, "metrics.json", json.dumps({"state": "COMPLETE", field: value}))
    assert error_of(files, "metrics").reason == f"{field} is not a {kind}: {value!r}"


def test_fields_may_be_empty_and_those_of_a_task_may_be_anything(tmp_path):
    record = {"state": "FAIL", "value": None, "error": None, "own": [1], "model.x": "a"}
    assert written(tmp_path, "metrics.json", json.dumps(record)).metrics() == record


@pytest.mark.parametrize(
    "given", [None, "x", [], {}, {"name": 1, "minimize": True}, {"name": "a", "minimize": "b"}]
)
def test_an_objective_of_another_form_is_not_known(tmp_path, given):
    assert provenance(tmp_path, {"objective": given}).objective() is None


def test_the_runs_that_a_trials_numbers_come_from(tmp_path):
    study = StudyPaths(tmp_path)
    for name in ("0", "1", "1/replicate_0", "1/replicate_1"):
        written(tmp_path / name, "metrics.json", '{"state": "COMPLETE"}')
    written(tmp_path / "2", "metrics.json", '{"state": "COMPLETE", "duplicate_of": 1}')
    names = [
        [run.root.relative_to(tmp_path).as_posix() for run in trained_runs(study, number)]
        for number in range(3)
    ]
    assert names == [["0"], ["1/replicate_0", "1/replicate_1"], ["1/replicate_0", "1/replicate_1"]]


def test_a_history_with_half_a_row_is_damaged(tmp_path):
    files = written(tmp_path, "history.csv", "epoch,val_loss\n1,0.5\n2\n")
    assert not error_of(files, "history").missing


@pytest.mark.parametrize("content", [None, "{", "[[", "7"])
def test_the_default_stands_for_what_cannot_be_read(tmp_path, content):
    if content is not None:
        for name in READERS.values():
            written(tmp_path, name, content)
    files = JobFiles(JobPaths(tmp_path))
    assert files.config(default={}) == files.hydra(default={}) == {}
    assert files.overrides(default=["a=1"]) == ["a=1"]
    assert files.provenance(default={"x": 1}) == {"x": 1}
    assert files.threads() is None
    assert files.rates() is None


def test_a_configuration_is_data_and_nothing_of_it_is_built(tmp_path):
    text = "a: ${b.c}\nlr: 1e-3\nwhen: 2026-01-02\nmodel:\n  _target_: os.abort\n"
    assert written(tmp_path, ".hydra/config.yaml", text).config() == {
        **{"a": "${b.c}", "lr": 0.001, "when": "2026-01-02"},
        "model": {"_target_": "os.abort"},
    }


def test_a_configuration_that_would_run_code_is_damaged(tmp_path):
    text = "a: !!python/object/apply:os.mkdir [made]\n"
    error = error_of(written(tmp_path, ".hydra/config.yaml", text), "config")
    assert "could not determine a constructor" in error.reason


def test_metrics_are_read_as_they_were_written(tmp_path):
    files = JobFiles(JobPaths(tmp_path / "3"))
    record = {"state": "COMPLETE", "value": 0.5, "widths": [8, 4], "error": "é"}
    files.write_metrics(record)
    assert files.metrics() == record


def test_the_history_has_a_number_or_none_in_each_cell(tmp_path):
    files = written(tmp_path, "history.csv", "epoch,val_loss,seconds\n1,,0.5\n2,inf,0.25\n")
    assert files.history() == [
        {"epoch": 1, "val_loss": None, "seconds": 0.5},
        {"epoch": 2, "val_loss": float("inf"), "seconds": 0.25},
    ]


@pytest.mark.parametrize(
    ("threads", "known"), [(4, 4), (0, None), (-1, None), ("4", None), (True, None), (2.0, None)]
)
def test_the_threads_are_a_count_or_not_known(tmp_path, threads, known):
    assert provenance(tmp_path, {"threads": threads}).threads() == known


@pytest.mark.parametrize("rates", [None, 0.5, [0.5], {"a": "0.5"}, {"a": True}])
def test_rates_that_are_no_numbers_are_not_known(tmp_path, rates):
    assert provenance(tmp_path, {"rates": rates}).rates() is None


def test_rates_are_read_by_layer(tmp_path):
    rates = {"net.1": 0.2, "elsewhere": None}
    assert provenance(tmp_path, {"rates": rates}).rates() == rates


def test_the_data_is_read_with_what_is_optional_or_without(tmp_path):
    data = provenance(tmp_path, {"data": DATA}).data()
    assert (data.test, data.classes, data.in_shape) == (4, 3, (1, 4, 4))
    assert (data.class_names, data.pixels) == (None, None)
    more = {"class_names": ["a", "b", "c"], "pixels": {"dtype": "uint8"}}
    data = provenance(tmp_path, {"data": {**DATA, **more}}).data()
    assert (data.class_names, data.pixels) == (("a", "b", "c"), {"dtype": "uint8"})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ([], "no `data.train`"),
        ({}, "no `data.train`"),
        ({**DATA, "test": "many"}, "`data.test` is 'many'"),
        ({**DATA, "classes": True}, "`data.classes` is True"),
        ({**DATA, "in_shape": 28}, "`data.in_shape` is 28"),
        ({**DATA, "in_shape": [1, "x"]}, "`data.in_shape` is [1, 'x']"),
        ({**DATA, "class_names": 3}, "`data.class_names` is 3"),
        ({**DATA, "pixels": [0, 1]}, "`data.pixels` is [0, 1]"),
    ],
)
def test_data_of_another_form_is_damage(tmp_path, data, reason):
    assert error_of(provenance(tmp_path, {"data": data}), "data").reason == reason


def test_a_trial_is_known_by_its_own_files_or_its_replicates(tmp_path):
    provenance(tmp_path / "3" / "replicate_1", {"data": DATA})
    study = StudyPaths(tmp_path)
    names = [str(files.paths.root.relative_to(tmp_path)) for files in trial_files(study, 3)]
    assert names == ["3", "3/replicate_1"]
    assert trial_files(study, 4) == []
    assert [data.test for _, data in recorded_data(study, [4, 3])] == [4]
