"""A figure of the user's own: one module, named on the command line or in the configuration."""

import sys
from pathlib import Path

import pytest
from command_line import SMALL, run_command
from fake_study import write_study

from dropout_study.cli.report import report
from dropout_study.cli.train import main
from dropout_study.report.figures import study_figures

MODULE = """
from dropout_study.report.figures import FigureSpec


def epochs(view):
    return view.complete["epochs_run"].tolist()


def draw(numbers, figure):
    figure.add_subplot().hist(numbers)


FIGURE = FigureSpec(
    "epochs_of_mine",
    "Epochs of the complete trials",
    "How long trials were trained.",
    lambda view, figure: draw(epochs(view), figure),
)
"""


@pytest.fixture
def module(tmp_path, monkeypatch) -> str:
    (tmp_path / "figures_of_mine.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "figures_of_mine", raising=False)
    return "figures_of_mine.FIGURE"


def test_the_page_shows_it_after_the_built_in_ones(tmp_path: Path, module, capfd) -> None:
    study = write_study(tmp_path / "study", ["COMPLETE"] * 8)
    ended = run_command(report, [str(study), "--figure", module], capfd)
    assert ended.code == 0, ended.err
    page = (study / "report.html").read_text()
    assert page.index(study_figures()[-1].heading) < page.index("Epochs of the complete trials")
    assert (study / "figures" / "epochs_of_mine.svg").is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("figures_of_mine.OTHER", "cannot be imported"),
        ("no_such_module.FIGURE", "No module named"),
        ("figures_of_mine.draw", "must be a dropout_study.report.figures.FigureSpec, got function"),
        ("FIGURE", "`FIGURE` must be the dotted path of a figure of your own"),
    ],
)
@pytest.mark.usefixtures("module")
def test_what_is_no_figure_is_refused(tmp_path: Path, capfd, name, reason) -> None:
    study = write_study(tmp_path / "study", ["COMPLETE"] * 3)
    ended = run_command(report, [str(study), "--figure", name], capfd)
    assert ended.code == 1
    assert reason in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (study / "report.html").exists()


def test_a_sweep_refuses_it_before_a_trial_has_begun(tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    own = "hydra.callbacks.report.figures=[no_such_module.FIGURE]"
    words = [w for w in SMALL if w != "report=none"]
    ended = run_command(main, ["--multirun", *words, own, "hydra.sweep.dir=study"], capfd)
    assert ended.code == 1
    assert "the figure `no_such_module.FIGURE` cannot be imported" in ended.err
    assert not (tmp_path / "study").exists()


def test_places_on_the_page_are_all_different() -> None:
    places = [spec.place for spec in study_figures()]
    assert len(set(places)) == len(places) > 0
