import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fake_study import CONFIG, sampled, write_study

from dropout_study.cli.report import report
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.report.figures import study_figures
from dropout_study.report.figures.style import INK, PAPER
from dropout_study.report.interactive import page_data
from dropout_study.report.page import write_report
from dropout_study.report.page_tables import (
    confirmation_notes,
    confirmation_table,
    constants,
    top_table,
)
from dropout_study.report.view import StudyView
from dropout_study.results.replicates import mean_record
from dropout_study.results.study import load_study
from dropout_study.task.job_files import JobFiles


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


MIXED = ["COMPLETE"] * 10 + ["PRUNED"] * 3 + ["FAIL", "RUNNING"]
FEW = ["COMPLETE"] * 3


class Links(HTMLParser):
    """Collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.urls += [value or "" for name, value in attrs if name in ("src", "href")]


def page_of(root: Path, states: list[str] = MIXED, **settings: Any) -> str:
    return write_report(write_study(root, states, **settings)).read_text()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with its report, to look at."""
    root = tmp_path_factory.mktemp("study")
    page_of(root)
    return root


def pictures(page: str) -> int:
    return page.count('<svg role="img"')


def missing(page: str) -> list[str]:
    return re.findall(r"Not drawn: (.*?)\.</p>", page)


def test_the_page_holds_all_that_it_shows(study: Path) -> None:
    page = (study / "report.html").read_text()
    links = Links()
    links.feed(page)

    assert missing(page) == []
    assert pictures(page) == len(study_figures())
    assert all(url.startswith("data:") for url in links.urls)
    assert len(page) < 5_000_000


def test_every_figure_is_a_picture_and_a_drawing(study: Path) -> None:
    for spec in study_figures():
        assert (study / "figures" / f"{spec.name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (study / "figures" / f"{spec.name}.svg").read_text()


def test_the_same_study_gives_the_same_page(study: Path) -> None:
    first = (study / "report.html").read_text()

    assert write_report(study).read_text() == first


def test_the_page_tells_states_costs_and_commands(study: Path) -> None:
    page = (study / "report.html").read_text()

    assert "<td>1 RUNNING, 10 COMPLETE, 3 PRUNED, 1 FAIL</td>" in page
    assert "% of those planned" in page
    assert "dropout-study --multirun experiment=quickstart" in page
    assert "SHA-256" in page
    assert "f00" in page


def test_figures_of_an_earlier_state_do_not_stay(tmp_path: Path) -> None:
    page_of(tmp_path, ["COMPLETE"])
    assert (tmp_path / "figures" / "optimisation_history.png").exists()

    (tmp_path / "0" / "metrics.json").write_text("")
    write_report(tmp_path)

    assert not list((tmp_path / "figures").glob("optimisation_history.*"))


CASES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "all failed": (["FAIL"] * 3, {}),
    "several objectives, no values": (
        FEW,
        {
            "config": {
                **CONFIG,
                "hydra": {"sweeper": {"direction": ["maximize"] * 2, "objective": ["a", "b"]}},
            }
        },
    ),
    "all pruned": (["PRUNED"] * 3, {}),
    "just begun": (["RUNNING"], {}),
    "a single trial": (["COMPLETE"], {}),
    "one parameter": (["COMPLETE"] * 9, {"params": lambda n: {"model.dropout1": n / 20}}),
    "five parameters": (MIXED, {"params": lambda n: {**sampled(n), "model.hidden1": 2 ** (n % 4)}}),
    "categories": (
        ["COMPLETE"] * 5,
        {"params": lambda n: {**sampled(n), "model.act": "ab"[n % 2]}},
    ),
    "truths": (
        ["COMPLETE"] * 5,
        {"params": lambda n: {**sampled(n), "optimizer.nesterov": n % 2 == 0}},
    ),
    "conditions": (
        MIXED,
        {"params": lambda n: {"model.a": n, **({"model.b": n} if n % 2 else {})}},
    ),
    "equal values": (FEW, {"record": {"value": 0.5, "val_accuracy": 0.5}}),
    "equal trials": (["COMPLETE"] * 3, {"params": lambda _: {"model.dropout1": 0.5}}),
    "no metrics but the value": (
        ["COMPLETE"] * 2,
        {"record": dict.fromkeys(["val_accuracy", "test_accuracy", "train_accuracy"])},
    ),
    "no multirun.yaml": (["COMPLETE"] * 3, {"config": None}),
    "odd multirun.yaml": (
        ["COMPLETE"] * 3,
        {"config": {"hydra": 3, "model": "mlp", "trainer": []}},
    ),
    "minimize": (
        ["COMPLETE"] * 5,
        {"config": {**CONFIG, "hydra": {"sweeper": {"direction": "minimize"}}}},
    ),
    "texts that are no formulas": (
        ["COMPLETE"] * 4,
        {"params": lambda n: {"model.name": ["$x_$", "a,b\n=cmd", "ü", "<b>"][n]}},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_any_study_has_a_report(tmp_path: Path, case: str) -> None:
    states, settings = CASES[case]

    page = page_of(tmp_path, states, **settings)

    assert "<h2>How to reproduce</h2>" in page
    assert pictures(page) + len(missing(page)) == len(study_figures())
    assert pictures(page) == len(list((tmp_path / "figures").glob("*.png")))


def test_a_study_of_damaged_files_has_a_report_that_names_them(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE", *["RUNNING"] * 3])
    (tmp_path / "3" / "metrics.json").write_text('{"trial": 3, "sta')
    (tmp_path / "2" / "history.csv").write_text("epoch,tra")
    (tmp_path / "1" / "provenance.json").write_text("nothing")
    (tmp_path / "multirun.yaml").write_text("a: [b")
    (tmp_path / "confirmation.csv").write_text("")

    page = write_report(tmp_path).read_text()

    assert "metrics.json is damaged: trial 3" in page
    assert "2/history.csv is damaged" in page
    assert "multirun.yaml cannot be read" in page
    assert "confirmation.csv cannot be read" in page


def test_names_are_shown_and_not_run(tmp_path: Path) -> None:
    alert = "<script>alert(1)</script>"

    page = page_of(tmp_path, ["COMPLETE"] * 2, params=lambda n: {"model.name": [alert, "a"][n]})

    assert alert not in page


def test_the_command_writes_the_page_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path, ["COMPLETE"])
    monkeypatch.setattr(sys, "argv", ["dropout-study-report", str(tmp_path)])

    report()

    assert capsys.readouterr().out == f"Report: {tmp_path / 'report.html'}\n"
    assert StudyView(load_study(tmp_path)).best is not None  # the report's files are no trials


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_what_is_no_study_ends_the_command_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(sys, "argv", ["dropout-study-report", str(tmp_path / name)])

    with pytest.raises(SystemExit, match=r"^dropout-study-report: .*give .*directory"):
        report()
    assert not (tmp_path / name / "report.html").exists()


def test_what_is_the_same_in_all_trials_is_said_once_and_not_a_column(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"] * 4 + ["RUNNING"])

    view = StudyView(load_study(tmp_path))

    assert (
        plain(constants(view))
        == "model = mlp, data = fashion_mnist_mini, optimizer = sgd, seed = 0"
    )
    table = top_table(view)
    assert not {"seed", "model", "data"} & set(table.heads)
    assert [table.heads[i] for i in table.left] == []
    columns = [column["key"] for column in page_data(view)["columns"]]
    assert not {"seed", "model", "data"} & set(columns)


def test_the_settings_of_a_sweep_are_no_parameters_and_seeds_no_average(tmp_path: Path) -> None:
    paths = StudyPaths(write_study(tmp_path, ["COMPLETE"] * 2))
    for number in (0, 1):
        record = json.loads(paths.job(number).metrics_json.read_text())
        runs = [
            {**record, "seed": s, "trainer.seed": s, "search_space.n_trials": 2} for s in (4, 5)
        ]
        for index, run in enumerate(runs):
            JobFiles(JobPaths(paths.job(number).root / f"replicate_{index}")).write_metrics(run)
        JobFiles(paths.job(number)).write_metrics(mean_record(runs))

    view = StudyView(load_study(tmp_path))

    assert "seeds 4, 5 in each trial" in constants(view)
    heads = " ".join([*top_table(view).heads, *(c["key"] for c in page_data(view)["columns"])])
    assert "n_trials" not in heads
    assert "n trials" not in heads
    assert "seed" not in heads


def test_the_intervals_of_the_page_are_explained(tmp_path: Path) -> None:
    write_study(tmp_path)
    head = "configuration,description,metric,n,mean,sd,low,high,minus_book,minus_book_n,"
    head += "minus_book_low,minus_book_high,minus_book_p,minus_book_p_holm"
    row = "trial_{},text,test_accuracy,{},.9,.01,.8,1.2,.05,{},.01,.09,.1,.3"
    file = StudyPaths(tmp_path).confirmation_csv
    file.write_text("\n".join([head, *(row.format(n, 10, 10) for n in (3, 4, 5))]))
    view = StudyView(load_study(tmp_path))
    table = confirmation_table(view)
    assert table is not None
    assert plain(table.rows[0][4]) == "80.00 to 100.00 %"  # an accuracy ends at 1
    assert plain(table.rows[0][5]) == "+5.00 (+1.00 to +9.00), p = 0.300"
    assert table.left == {0, 1}
    assert any("not corrected" in note for note in confirmation_notes(view))

    file.write_text(
        "\n".join([f"{head},differences", *(row.format(n, 2, 2) + ",3" for n in (3, 4))])
    )
    view = StudyView(load_study(tmp_path))
    table = confirmation_table(view)
    assert table is not None
    assert "95" not in " ".join(table.heads)
    assert plain(table.rows[0][-1]) == "+5.00, p = 0.300"
    notes = " ".join(confirmation_notes(view))
    assert "3 differences are simultaneous" in notes
    assert "With fewer than 3 seeds there is no interval." in notes


def test_a_drawing_has_the_ink_of_the_page_and_no_background(study: Path) -> None:
    page = (study / "report.html").read_text()
    drawing = page[page.index('<svg role="img"') : page.index("</svg>")]

    assert 'aria-label="' in drawing
    assert INK not in drawing
    assert "currentColor" in drawing
    assert "<g id=" not in drawing
    file = (study / "figures" / f"{study_figures()[0].name}.svg").read_text()
    assert INK in file  # which stands alone
    assert f"fill: {PAPER}" in file
