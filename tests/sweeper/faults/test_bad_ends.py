"""Trials that end badly: each FAILs with its reason, and the study goes on."""

from pathlib import Path

import pytest
from faulty_study import FaultyStudy
from hydra.core.override_parser.types import Quote, QuotedString

from dropout_study.results.columns import as_written

FATES = {
    "raise": "ValueError: the task's own mistake",
    "exit": "the task has exited with 'the task has had enough'",
    "os_exit": "its process has exited with code 7",
    "killed": "its process was killed by SIGKILL; was the machine out of memory?",
    "hang": "ended after hydra.sweeper.trial_timeout=2 s",
    "nan": "the task must return a number for hydra.sweeper.objective=value, got nan",
    "none": "the task must return a number for hydra.sweeper.objective=value, got None",
    "text": "the task must return a number for hydra.sweeper.objective=value, got 'good'",
    "negative_step": "`step` must be a finite number >= 0, got -1",
    "unpicklable": "",
    "ok": "",
}
TEXTS = (
    "a,b",
    'say "x"',
    "it's",
    "two\nlines",
    "=cmd|'/c calc'!A0",
    "Ünïcödé ✓ 漢字",
    " blank ",
    "\\'",
)


def fates(*names: str) -> list[str]:
    """Overrides that give a trial to each of ``names``, in their order."""
    quoted = ",".join(f"'{name}'" for name in names)
    points = ",".join(f"{{fate: '{name}', x: 0.5}}" for name in names)
    return [f"fate={quoted}", f"+hydra.sweeper.enqueue=[{points}]"]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> FaultyStudy:
    root = tmp_path_factory.mktemp("bad_ends") / "study"
    return FaultyStudy(root, *fates(*FATES), "hydra.sweeper.trial_timeout=2")


@pytest.fixture(scope="module")
def printed(study: FaultyStudy) -> str:
    code, printed = study.run(
        f"hydra.sweeper.n_trials={len(FATES)}", "hydra.sweeper.max_failure_rate=1"
    )
    assert code == 0, printed
    return printed


@pytest.mark.usefixtures("printed")
def test_each_fails_with_its_reason_in_the_table(study):
    for row, (fate, reason) in zip(study.rows(), FATES.items(), strict=True):
        assert row["fate"] == fate
        assert row["state"] == ("FAIL" if reason else "COMPLETE")
        assert row["error"].startswith(reason)


def test_each_reason_is_in_the_log_of_the_sweep(printed):
    for number, reason in enumerate(FATES.values()):
        assert f"trial {number} failed: {reason}" in printed or not reason


@pytest.mark.usefixtures("printed")
def test_the_table_and_the_storage_agree(study):
    assert study.column("state") == [trial.state.name for trial in study.trials()]


@pytest.mark.usefixtures("printed")
def test_the_traceback_is_in_the_log_of_the_trial(study):
    own = (study.paths.job(0).root / "app.log").read_text()
    assert "Traceback" in own
    assert 'raise ValueError("the task\'s own mistake")' in own
    assert "has had enough" in (study.paths.job(1).root / "app.log").read_text()


def test_what_jobs_print_is_in_the_log_of_the_workers(study, printed):
    assert "trial 0 prints" in study.paths.workers_log.read_text()
    assert "trial 0 prints" not in printed


def test_a_task_that_was_killed_was_begun_again_once(study, printed):
    assert printed.count("trial 2 is started again") == 1
    assert study.paths.workers_log.read_text().count("trial 2 prints") == 2


def test_in_the_sweepers_own_process_they_fail_as_well(tmp_path):
    names = ("raise", "exit", "text", "negative_step", "ok")
    study = FaultyStudy(tmp_path / "study", *fates(*names), "hydra.sweeper.n_jobs=0")
    code, printed = study.run("hydra.sweeper.n_trials=5", "hydra.sweeper.max_failure_rate=1")
    assert code == 0, printed
    for row, fate in zip(study.rows(), names, strict=True):
        assert row["error"].startswith(FATES[fate])


def test_too_many_failures_end_the_study_until_more_are_allowed(tmp_path):
    study = FaultyStudy(tmp_path / "study", "fate=raise", "hydra.sweeper.n_trials=8")
    code, printed = study.run("hydra.sweeper.max_failure_rate=0.25")
    assert code == 1
    assert "3 of 8 trials have failed" in printed
    assert "ValueError: the task's own mistake; a higher rate lets the study continue" in printed
    code, printed = study.run("hydra.sweeper.max_failure_rate=0.25")
    assert code == 1
    assert "3 of 8 trials have failed" in printed
    code, printed = study.run("hydra.sweeper.max_failure_rate=1")
    assert code == 1
    assert "all 8 trials failed, the first with: ValueError: the task's own mistake" in printed
    assert study.column("state") == ["FAIL"] * 8


def test_any_text_goes_through_and_comes_back_exactly(tmp_path: Path):
    choices = ",".join(QuotedString(text, Quote.single).with_quotes() for text in TEXTS)
    study = FaultyStudy(tmp_path / "study", f"word={choices}", "~hydra.sweeper.params.x")
    code, printed = study.run("hydra/sweeper/sampler=grid", f"hydra.sweeper.n_trials={len(TEXTS)}")
    assert code == 0, printed
    assert sorted(map(as_written, study.column("word"))) == sorted(TEXTS)
    assert study.column("said") == study.column("word")
