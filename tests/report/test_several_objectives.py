"""A study of several objectives: what is told, and that nothing is called the best."""

import json
import re
from pathlib import Path

import pytest
from fake_study import CONFIG, write_study

from dropout_study import load_study
from dropout_study.confirmation.plan import plan_confirmation
from dropout_study.paths import StudyPaths
from dropout_study.report.figures import NotEnoughError
from dropout_study.report.figures.effects import effects
from dropout_study.report.figures.learning_curves import arm_curves
from dropout_study.report.figures.optimisation_history import optimisation_history
from dropout_study.report.figures.pareto import pareto_panels
from dropout_study.report.headline import headline
from dropout_study.report.page import write_report
from dropout_study.report.view import StudyView
from dropout_study.results.aim import Aim
from dropout_study.results.printed.show import Shown, print_results

ACCURACIES = [0.5, 0.6, 0.7, 0.6, 0.7]
SIZES = [1, 2, 3, 3, 3]
"""Trial 3 is beaten by 1 and 2; 2 and 4 are equal."""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    sweeper = {"direction": ["maximize", "minimize"], "objective": ["acc", "size"]}
    config = {**CONFIG, "hydra": {**CONFIG["hydra"], "sweeper": sweeper}}
    write_study(tmp_path, ["COMPLETE"] * 5 + ["FAIL"], config=config)
    for number, job in StudyPaths(tmp_path).jobs()[:5]:
        row = json.loads(job.metrics_json.read_text())
        row |= {"value": None, "acc": ACCURACIES[number], "size": SIZES[number]}
        job.metrics_json.write_text(json.dumps(row))
    return tmp_path


def test_trials_that_no_other_beats_are_named(study: Path) -> None:
    view = StudyView(load_study(study))

    assert view.objective.front == [0, 1, 2, 4]
    assert "several objectives (acc, size)" in headline(view)[0]
    assert "0, 1, 2, 4." in headline(view)[0]


def test_figures_show_each_objective(study: Path) -> None:
    view = StudyView(load_study(study))

    (panel,) = pareto_panels(view)
    assert (panel.x.column, panel.y.column) == ("size", "acc")
    assert panel.trials == [0, 1, 2, 4]
    assert panel.points == [(3.0, 0.6)]
    accuracy, size = optimisation_history(view)
    assert accuracy.best == [0.5, 0.6, 0.7, 0.7, 0.7]
    assert size.best == [1, 1, 1, 1, 1]
    panels, _ = effects(view)
    assert {each.target.column for each in panels} == {"acc", "size"}
    with pytest.raises(NotEnoughError, match="needs one objective"):
        arm_curves(view)


def test_one_objective_has_no_front(tmp_path: Path) -> None:
    assert StudyView(load_study(write_study(tmp_path))).objective.front == []


def test_the_report_is_written_and_calls_nothing_the_best(study: Path) -> None:
    page = write_report(study).read_text()

    assert "No trial is complete" not in page
    assert "Best of" not in page
    assert sorted(
        re.findall('data-chart="([a-z]+)" role="group" aria-label="[^"]*interactive"', page)
    ) == [
        "curves",
        "pareto",
    ]


def test_it_cannot_be_confirmed(study: Path, told) -> None:
    assert "several objectives" in told(plan_confirmation, StudyView(load_study(study)), 1, 2)


def test_the_printed_table_has_the_objectives(study: Path, capsys) -> None:
    tables = load_study(study)
    print_results(Shown(tables.trials, Aim.of(tables.config)), top=10)
    printed = capsys.readouterr().out

    assert "acc  size" in printed, printed
    assert "the best" not in printed
