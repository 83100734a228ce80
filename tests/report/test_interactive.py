"""The data of the page's scripts."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

from fake_study import sampled, write_study

from dropout_study.report import interactive
from dropout_study.report.interactive import page_data
from dropout_study.report.template import as_json, content_security_policy
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study


def data_of(root: Path, states: list[str], **settings: Any) -> dict[str, Any]:
    data = page_data(StudyView(load_study(write_study(root, states, **settings))))
    return dict(json.loads(as_json(data)))


def test_the_page_has_every_trial_with_its_curves_and_commands(tmp_path: Path) -> None:
    data = data_of(tmp_path, ["COMPLETE"] * 3 + ["PRUNED", "FAIL", "RUNNING"])

    keys = [column["key"] for column in data["columns"]]
    assert keys[:3] == ["trial", "state", "val_accuracy"]
    assert sorted(row[0] for row in data["rows"]) == list(range(6))
    value = keys.index("val_accuracy")
    done = [row[value] for row in data["rows"] if row[1] == "COMPLETE"]
    assert done == sorted(done, reverse=True)
    assert data["curves"]["epochs"]["3"] == [1, 2]
    assert data["curves"]["values"]["val_accuracy"].keys() == {"0", "1", "2", "3", "4", "5"}
    assert data["command"]["rerun"] == f"dropout-study-rerun {tmp_path}"
    assert data["command"]["directories"]["5"] == "5/"


def test_the_overrides_are_words_for_a_shell(tmp_path: Path) -> None:
    names = ["it's, so", "[64, 32]"]

    data = data_of(
        tmp_path,
        ["COMPLETE"] * 2,
        params=lambda n: {"model.name": names[n], "optimizer.lr": 0.5, "trainer.epochs": 3},
    )

    for number, told in enumerate([r"'it\'s, so'", "[64, 32]"]):
        words = shlex.split(data["command"]["overrides"][str(number)])
        assert f"model.name={told}" in words
        assert {"optimizer.lr=0.5", "trainer.epochs=3", "model=mlp"} <= set(words)


def test_long_studies_leave_epochs_out_but_never_the_last(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(interactive, "MOST_CURVE_NUMBERS", 24)

    data = data_of(
        tmp_path, ["COMPLETE"] * 2, params=lambda n: {**sampled(n), "trainer.epochs": 8 + n}
    )

    assert data["curves"]["epochs"]["0"][-1] == 8
    assert data["curves"]["epochs"]["1"][-1] == 9
    assert sum(map(len, data["curves"]["epochs"].values())) < 10


def test_data_are_no_markup_and_foreign_scripts_are_not_allowed() -> None:
    hostile = "</script><!--<script>&"

    text = as_json({"name": hostile})

    assert not re.search("[<>&]", text)
    assert json.loads(text) == {"name": hostile}
    assert "unsafe-eval" not in content_security_policy(["a()"])
    assert content_security_policy(["a()"]).endswith(
        "script-src 'sha256-qVpDBgj7bpq5hMAcGp3AOc79J3Y1Z4HvySTwKrWDoy4='"
    )
