"""``dropout-study-results``: what it prints of a study and of single runs, and what it refuses."""

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from command_line import SMALL, run_command
from fake_study import write_study

from dropout_study.cli.report import report
from dropout_study.cli.results import results
from dropout_study.cli.train import main
from dropout_study.paths import StudyPaths
from dropout_study.results.notes import Notes, read_notes
from dropout_study.task.job_files import JobFiles


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    """Runs the command in the directory of a study ``a study`` of nine trials, where all fits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    write_study(Path("a study"), ("COMPLETE",) * 7 + ("PRUNED", "FAIL"))
    return lambda *words: run_command(results, list(words), capfd)


@pytest.mark.parametrize("width", [200, 100, 80, 50])
def test_no_number_is_cut_in_a_terminal_of_any_width(command, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    out = command("a study", "--top", "2").out
    table = out[out.index("trial ") : out.index("Best ")].splitlines()
    assert max(map(len, table[:6])) <= width
    assert "…" not in out
    assert "..." not in out
    assert re.search(r"^ *3 .* 0\.8130", out, re.MULTILINE)
    left_out = re.search(r"^no room for: (.*)$", out, re.MULTILINE)
    assert (left_out is None) is (width == 200)
    if left_out:
        assert left_out[1].endswith("state"), "they go first"


def test_decimal_points_stand_under_each_other(command):
    out = command("a study").out
    rows = [
        line for line in out.splitlines() if re.match(r" *\d", line) and line.endswith("COMPLETE")
    ]
    assert len(rows) == 7
    assert len({line.index(".") for line in rows}) == 1


def test_the_references_stand_below_and_a_sentence_answers(command):
    out = command("a study", "--top", "1").out
    assert re.search(r"^ *3 .*\n\n *0 +book's rates .*\n *1 +no dropout ", out, re.MULTILINE)
    assert "(trial 3); book's rates 0.762 (trial 0); no dropout 0.783 (trial 1)." in out
    assert "dropout-study-confirm 'a study'" in out
    assert "Every trial: 'a study/results.csv'" in out


def test_rows_and_columns_can_be_chosen(command):
    words = ("--filter", "dropout1 < 0.2", "--sort-by", "lr", "--columns", "trial,lr")
    ended = command("a study", *words)
    assert [line.split()[0] for line in ended.out.splitlines() if re.match(r" *\d+ +0", line)] == [
        *("8", "3", "4", "1"),
    ]
    assert "4 of 9 rows" in ended.out


def test_the_table_is_printed_in_formats_of_other_tools(command):
    rows = list(csv.DictReader(command("a study", "--csv").out.splitlines()))
    assert len(rows) == 9
    same = json.loads(command("a study", "--json").out)
    assert [row["trial"] for row in same] == [int(row["trial"]) for row in rows]
    assert same[0]["optimizer.lr"] == float(rows[0]["optimizer.lr"])
    head, rule, best, *_ = command("a study", "--markdown", "--top", "1").out.splitlines()
    assert head.startswith("| trial | val accuracy |")
    assert set(rule) <= set("|:- ")
    assert best.startswith("| 3 | 0.8130 |")
    assert "| 3 |  | 0.8130 |" in Path("a study/results.md").read_text()


def test_notes_and_tags_stay_with_the_study(command):
    command("a study", "--note", "the first", "--tag", "book,wide")
    out = command("a study", "--tag", "book", "--note", "a second").out
    found = read_notes(Path("a study"))
    assert found.tags == ("book", "wide")
    assert [note.partition(": ")[2] for note in found.notes] == ["the first", "a second"]
    assert out.startswith("tags: book, wide\n")
    assert "the first" in Path("a study/results.md").read_text()
    Path("a study/notes.json").write_text("{")
    assert "notes.json is damaged" in command("a study").err
    assert read_notes(Path()) == Notes()


def test_single_runs_are_a_table_too(command, capfd):
    for lr in ("0.1", "0.2"):
        assert run_command(main, [*SMALL, f"optimizer.lr={lr}"], capfd).code == 0
    rows = list(csv.DictReader(command("outputs/runs", "--csv").out.splitlines()))
    assert sorted(row["optimizer.lr"] for row in rows) == ["0.1", "0.2"]
    assert all(Path("outputs/runs", row["run"], "history.csv").is_file() for row in rows)
    printed = command("outputs/runs").out
    assert "2 runs (2 COMPLETE), the best by val_accuracy first" in printed
    assert "belongs to a study" in command("outputs/runs", "--note", "x").err


def test_a_directory_of_studies_names_them(command, capfd):
    for ended in (command("."), run_command(report, ["."], capfd)):
        assert ended.code == 1
        assert ended.err.endswith("the studies in it: 'a study'\n")


def test_a_formula_in_a_trial_is_inert(command):
    row = {"trial": 9, "state": "FAIL", "error": "=HYPERLINK(1)", "job_dir": "9"}
    JobFiles(StudyPaths(Path("a study")).job(9)).write_metrics(row)
    command("a study")
    with Path("a study/results.csv").open() as stream:
        assert list(csv.DictReader(stream))[-1]["error"] == "'=HYPERLINK(1)"


def test_a_parquet_file_has_every_row_with_its_types(command):
    pytest.importorskip("pyarrow")
    assert "Table: t.parquet" in command("a study", "--parquet", "t.parquet").out
    table = pd.read_parquet("t.parquet")
    assert len(table) == 9
    assert table["trial"].dtype == "Int64"
    assert table["model.dropout1"].dtype == table["value"].dtype == "float64"
    command("a study", "--columns", "trial,value", "--top", "2", "--parquet", "t.parquet")
    assert list(pd.read_parquet("t.parquet")) == ["trial", "value"]


def test_parquet_without_pyarrow_is_refused_in_one_line(command, monkeypatch):
    monkeypatch.setattr("dropout_study.results.parquet.find_spec", lambda _name: None)
    ended = command("a study", "--parquet", "t.parquet")
    assert ended.code == 1
    assert "pip install 'dropout-study[parquet]'" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not Path("t.parquet").exists()


def test_a_note_in_bytes_that_are_no_text_is_kept_as_far_as_it_is_one(command):
    assert command("a study", "--note", "caf\udce9 au lait").code == 0
    assert "caf? au lait" in Path("a study/notes.json").read_text()
