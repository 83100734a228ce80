"""A study in a notebook: short to read, and everything of the report is a call away."""

import pickle
import re
from dataclasses import replace

import pandas as pd
import pytest
from fake_study import write_study
from matplotlib.figure import Figure

import dropout_study as ds


@pytest.fixture
def study(tmp_path) -> ds.Study:
    root = tmp_path / "fake"
    write_study(root, ("COMPLETE",) * 12 + ("PRUNED", "FAIL"))
    return ds.load_study(root)


def test_a_study_in_a_cell_is_short(study):
    assert len(repr(study).splitlines()) <= 10
    html = study._repr_html_()
    assert len(html) < 4_000
    rows = re.findall(r"<tr><td>(\d+)</td>", html)
    assert rows[0] == str(study.best.name.removeprefix("trial "))
    assert len(rows) == 5
    assert {"0", "1"} <= set(rows), "the book's rates and no dropout"
    assert "14 trials (12 COMPLETE, 1 PRUNED, 1 FAIL), the best by value first" in html


def test_the_table_is_the_commands(study):
    assert len(study.table()) == 14
    best = study.table(3, columns=["trial", "lr", "val_accuracy"])
    assert list(best) == ["trial", "optimizer.lr", "val_accuracy"]
    assert best["val_accuracy"].is_monotonic_decreasing
    few = study.table(filter="dropout1 < 0.3", sort_by="lr", descending=True)
    assert 0 < len(few) < 14
    assert few["optimizer.lr"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"columns": ["learning"]}, "`learning` is no column of the table"),
        ({"columns": [3]}, "`columns` must be a list of texts, got [3]"),
        ({"columns": "trial"}, "`columns` must be a list of texts, got 'trial'"),
        ({"filter": 3}, "`filter` must be a list of texts, got 3"),
        ({"sort_by": 3}, "`3` is no column of the table"),
        ({"top": -1}, "`top` must be a whole number >= 1, got -1"),
        ({"top": "3"}, "`top` must be a whole number >= 1, got '3'"),
        ({"descending": True}, "`descending` needs a column"),
    ],
)
def test_a_table_that_cannot_be_made_is_refused_in_one_line(study, given, told):
    with pytest.raises(ds.UserError, match=re.escape(told)):
        study.table(**given)


@pytest.mark.parametrize("function", [ds.load_study, ds.load_run, ds.load_runs, ds.confirm])
def test_what_is_no_path_is_refused_in_one_line(function):
    with pytest.raises(ds.UserError, match="must be the path of a directory, got None"):
        function(None)


def test_a_study_is_no_directory_of_single_runs(study):
    with pytest.raises(ds.UserError, match=r"is a study .*give one with single runs"):
        ds.load_runs(study)


def test_a_trial_has_its_row_and_its_curves(study):
    trial = study.trial(2)
    assert trial["val_accuracy"] == study.trials.set_index("trial")["val_accuracy"][2]
    assert set(trial.params) >= {"model.dropout1", "optimizer.lr"}
    assert list(trial.history["epoch"]) == list(range(1, len(trial.history) + 1))
    replicates = replace(trial, history=pd.concat([trial.history, trial.history]))
    for run in (trial, replicates):
        lines = run.figure().axes[0].lines
        assert [len(line.get_xdata()) for line in lines] == [len(trial.history)] * 4
    with pytest.raises(ds.UserError, match="trial 2 has no epoch to draw"):
        replace(trial, history=trial.history.head(0)).figure()
    with pytest.raises(ds.UserError, match="`number` must be a whole number >= 0, got '2'"):
        study.trial("2")
    with pytest.raises(ds.UserError, match="has no trial 99"):
        study.trial(99)


def test_figures_of_the_report_are_figures_of_matplotlib(study):
    assert "learning_curves" in study.figure_names()
    figure = study.figure("learning_curves")
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(ds.UserError, match="did you mean `learning_curves`"):
        study.figure("learning_curve")
    with pytest.raises(ds.UserError, match="`passes` is not drawn: there is no inference_test"):
        study.figure("dropout_study.report.figures.passes.FIGURE")


def test_the_page_is_shown_in_a_frame_by_its_path(study, monkeypatch):
    monkeypatch.chdir(study.root.parent)
    page = study.root / "report.html"
    page.write_text('<p class="ä">', encoding="utf-8")
    monkeypatch.setattr("dropout_study.report.page.write_report", lambda _root, **_given: page)
    shown = study.report()
    assert shown._repr_html_().startswith('<iframe src="fake/report.html" width="100%"')
    assert 'srcdoc="&lt;p class=&quot;&#228;&quot;&gt;"' in shown.embedded()._repr_html_()


def test_the_package_offers_its_functions_and_imports_nothing_before():
    assert set(ds.__all__) <= set(dir(ds))
    assert all(callable(getattr(ds, name)) for name in ds.__all__)
    assert not hasattr(ds, "swep")
    assert pickle.loads(pickle.dumps(ds.sweep)) is ds.sweep, "a package that can be called"


def test_studies_stand_side_by_side_in_a_cell(study, tmp_path):
    write_study(tmp_path / "other", ("COMPLETE",) * 3)
    compared = ds.compare([study, tmp_path / "other"])
    assert repr(compared).startswith("comparison of fake, other\n")
    html = compared._repr_html_()
    assert html.count("<table>") >= 1
    assert '<td style="text-align: left">fake</td>' in html
    assert len(html) < 5_000
