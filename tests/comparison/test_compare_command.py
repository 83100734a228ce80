"""``dropout-study-compare``: the printed table, the exported ones, and the page."""

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_study import CONFIG, sampled, write_study

from dropout_study.cli.compare import compare
from dropout_study.results.notes import add_notes

HOSTILE = "<script>alert(1)</script>"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    root = tmp_path_factory.mktemp("studies")
    other: dict[str, Any] = {**CONFIG, "trainer": {"epochs": 9, "name": HOSTILE}}
    other["hydra"] = {**CONFIG["hydra"], "overrides": {"task": [f"trainer.name='{HOSTILE}'"]}}
    write_study(root / "a", ["COMPLETE"] * 4)
    write_study(root / "b", ["COMPLETE"] * 4, params=lambda n: sampled(n + 9), config=other)
    add_notes(root / "b", note="nine epochs", tags=["long"])
    return [str(root / name) for name in "ab"]


@pytest.fixture
def run(
    studies: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    def printed(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["dropout-study-compare", *studies, *words])
        compare()
        return capsys.readouterr().out

    return printed


def test_the_table_the_settings_the_notes_and_the_difference_are_printed(run: Run) -> None:
    text = run()

    assert re.search(r"^a +4 +\d+ +0\.\d{4} +0\.\d{4} \[0\.\d{4}, 0\.\d{4}\]$", text, re.M)
    assert re.search(r"^  a  trainer.epochs=6$", text, re.M)
    assert re.search(r"^  b  trainer.epochs=9 '?trainer.name=", text, re.M)
    assert re.search(r"^  b: \[long\] .*nine epochs$", text, re.M)
    assert "b minus a, test accuracy:" in text


def test_other_programs_get_every_column(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("--csv"))))
    records = json.loads(run("--json"))

    assert [row["study"] for row in rows] == ["a", "b"]
    assert (rows[1]["trainer.epochs"], records[1]["trainer.epochs"]) == ("9", "9")
    assert (rows[0]["minus_a"], records[0]["minus_a"]) == ("", None)
    assert float(rows[1]["minus_a"]) == records[1]["minus_a"]
    assert records[1]["tags"] == "long"


def test_markdown_has_the_same_tables(run: Run) -> None:
    text = run("--markdown")

    assert "| study | trials | best trial |" in text
    assert "| trainer.epochs | 6 | 9 |" in text
    assert "- b minus a, test accuracy:" in text


def test_the_page_holds_all_that_it_shows(run: Run, tmp_path: Path) -> None:
    told = run("--page", str(tmp_path / "page.html"))

    page = (tmp_path / "page.html").read_text()
    assert told.endswith(f"Page: {tmp_path / 'page.html'}\n")
    assert "<title>Studies a, b</title>" in page
    assert "b minus a, test accuracy:" in page
    assert "nine epochs" in page
    assert 'data-chart="sides"' in page
    assert HOSTILE not in page


def test_a_mistake_ends_the_command_with_one_line(
    run: Run, studies: list[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match=r"`--page` must name a file, got "):
        run("--page", str(tmp_path))
    with pytest.raises(SystemExit, match=r"^dropout-study-compare: .*give each study once$"):
        run(studies[0])


def test_every_column_is_documented(run: Run) -> None:
    page = (Path(__file__).parents[2] / "docs" / "comparing.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([\w.]+)`", page))

    header = next(csv.reader(io.StringIO(run("--csv"))))
    names = {
        re.sub(r"_(n|low|high)$", "", name).replace("minus_a", "minus_FIRST") for name in header
    }
    assert names - {"trainer.epochs", "trainer.name"} <= documented
