"""Damaged files of a study: each costs at most its own trial, and every reader goes on.

Each trial of one study has another damage, so that one reading shows all of them.
"""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from command_line import run_command
from fake_study import CONFIG, trainable, write_study
from omegaconf import OmegaConf

from dropout_study.cli.confirm import confirm
from dropout_study.cli.predict import predict
from dropout_study.cli.report import report
from dropout_study.cli.rerun import rerun
from dropout_study.cli.results import results
from dropout_study.confirmation.confirm import confirm as repeat
from dropout_study.confirmation.runs import Run, end_run
from dropout_study.paths import StudyPaths
from dropout_study.report.headline import headline
from dropout_study.report.page_tables import confirmation_notes, confirmation_table
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

HUGE = 10**400


def edited(file: str, key: str, value: Any) -> Callable[[Path], None]:
    """Returns what sets a field of a JSON file, or removes it (``...``)."""

    def edit(job: Path) -> None:
        content = node = json.loads((job / file).read_text())
        *parents, last = key.split("/")
        for parent in parents:
            node = node[parent]
        node.pop(last) if value is ... else node.update({last: value})
        (job / file).write_text(json.dumps(content))

    return edit


def written(file: str, content: bytes) -> Callable[[Path], None]:
    return lambda job: (job / file).write_bytes(content) and None


DAMAGES = [
    *(edited("metrics.json", "state", value) for value in (..., None, 7, "DONE")),
    *(edited("metrics.json", "value", value) for value in (..., None, "text", [1], float("inf"))),
    *(edited("metrics.json", "test_accuracy", v) for v in (7, -1, "text", {"a": 1}, HUGE)),
    *(edited("metrics.json", "epochs_run", value) for value in (2.5, "text", HUGE, -1)),
    *(edited("metrics.json", "model.dropout1", value) for value in (..., None, float("inf"))),
    *(edited("metrics.json", "job_dir", value) for value in (..., 7)),
    *(edited("metrics.json", "duplicate_of", value) for value in (99, "text")),
    *(edited("provenance.json", "data", value) for value in (..., None, 7)),
    *(edited("provenance.json", "data/test", value) for value in (..., 0, -1, "text", HUGE)),
    *(edited("provenance.json", "rates", value) for value in (..., 7, {"a": "b"}, {"a": HUGE})),
    *(edited("provenance.json", "packages", value) for value in (..., 7)),
    *(written("metrics.json", content) for content in (b"", b'{"sta', b"[]", b"\xff\xfe\x00")),
    *(written("history.csv", content) for content in (b"", b"epo", b"epoch\nx\n", b"\xff")),
    *(written(".hydra/overrides.yaml", content) for content in (b"", b"{", b"7", b"\xff")),
]
WHOLE = 3
"""The first trials, which are not damaged."""


def test_each_damage_costs_at_most_its_own_trial(tmp_path: Path, capfd) -> None:
    write_study(tmp_path, ["COMPLETE"] * (WHOLE + len(DAMAGES)))
    for number, damage in enumerate(DAMAGES, start=WHOLE):
        damage(tmp_path / str(number))

    for command in (results, report):
        ended = run_command(command, [str(tmp_path)], capfd)
        assert (ended.code, ended.err) == (0, "")

    study = load_study(tmp_path)
    assert study.trials["trial"].tolist() == list(range(WHOLE + len(DAMAGES)))
    assert study.trials.loc[: WHOLE - 1, ["value", "test_accuracy"]].notna().all(axis=None)
    assert "`test_accuracy` has values that are not shares in [0, 1]; left empty" in study.problems
    assert "`model.dropout1` has infinite values; left empty" in study.problems
    assert all(len(problem.splitlines()) == 1 for problem in study.problems)


SWEEPERS: list[Any] = [None, 7, [], {"direction": 7}, {"direction": None, "objective": None}]
SWEEPERS += [{"objective": ["a", "b"], "direction": ["minimize"]}, {"params": 7, "sampler": 7}]


@pytest.mark.parametrize("sweeper", SWEEPERS)
def test_a_sweeps_damaged_settings_are_not_known(sweeper, tmp_path: Path, capfd) -> None:
    write_study(tmp_path, ["COMPLETE"] * 2, config={**CONFIG, "hydra": {"sweeper": sweeper}})
    assert run_command(results, [str(tmp_path)], capfd).code == 0
    assert headline(StudyView(load_study(tmp_path)))


CONFIRMED = """configuration,description,metric,trained_on,n,diverged,failed,mean,low,high,\
minus_book,minus_book_n,minus_book_low,minus_book_high,minus_book_p,minus_book_p_holm
trial_0,best,test_accuracy,train,2,0,0,0.8,0.7,0.9,0.1,2,0.0,0.2,0.5,0.5
book,the book,test_accuracy,train,2,0,0,0.7,0.6,0.8,,0,,,,
""".replace("\\\n", "")


@pytest.mark.parametrize("value", [None, "", "text", "inf"])
@pytest.mark.parametrize("column", CONFIRMED.partition("\n")[0].split(","))
def test_a_damaged_table_of_a_confirmation(column, value, tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"] * 2)
    table = pd.read_csv(io.StringIO(CONFIRMED), dtype=str)
    table.loc[0, column] = value
    table = table.drop(columns=[column] * (value is None))
    table.to_csv(StudyPaths(tmp_path).confirmation_csv, index=False)

    view = StudyView(load_study(tmp_path))

    assert headline(view)
    shown = confirmation_table(view)
    assert shown is None or len(shown.rows) == 2
    assert bool(confirmation_notes(view)) is (shown is not None)


FIELDS = [("configuration", ...), ("seed", None), ("test_accuracy", 7), ("test_loss", "text")]


def test_a_damaged_run_of_a_confirmation_is_trained_again(tmp_path: Path) -> None:
    root, trained = trainable(tmp_path), []

    def train(runs: Sequence[Run]) -> None:
        trained.append([(run.configuration, run.seed) for run in runs])
        for run in runs:
            end_run(run, {"test_accuracy": 0.5 + run.seed / 100, "test_loss": 1.0})

    whole = repeat(root, seeds=2, train=train)
    for (configuration, seed), (key, value) in zip(trained[0], FIELDS, strict=False):
        run = StudyPaths(root).confirmation_dir / configuration / str(seed)
        edited("metrics.json", key, value)(run)

    pd.testing.assert_frame_equal(repeat(root, seeds=2, train=train), whole)
    assert trained[1] == trained[0][2:4], "the name and the seed are those of the directory"


CONFIGS: list[tuple[str, Any, str]] = [
    ("model", None, "`model` is not chosen"),
    ("model", 7, "`model` must be a mapping of keys to values, got 7"),
    ("trainer", [1], "`trainer` must be a mapping of keys to values, got [1]"),
    ("model._target_", 7, "`model._target_` must be the dotted path of a class or function"),
    ("data._target_", None, "`data._target_` must be the dotted path of a class or function"),
    ("trainer.seed", "x", "`trainer.seed` must be a whole number, got 'x'"),
]


@pytest.mark.parametrize(("key", "value", "told"), CONFIGS)
def test_a_damaged_configuration_is_one_line(key, value, told, tmp_path: Path, capfd) -> None:
    job = StudyPaths(trainable(tmp_path)).job(0)
    config = OmegaConf.load(job.config_yaml)
    OmegaConf.update(config, key, value, merge=False)
    OmegaConf.save(config, job.config_yaml)

    ended = run_command(predict, [str(job.root), "split=test"], capfd)

    assert ended.code == 1
    assert len(ended.err.splitlines()) == 1
    assert f"config.yaml: {told}" in ended.err


def test_a_study_of_an_earlier_version_is_read(tmp_path: Path, capfd) -> None:
    """Without what later versions record: rates, objective, threads, the groups of noise."""
    root = trainable(tmp_path)
    for _, job in StudyPaths(root).jobs():
        record = json.loads(job.metrics_json.read_text())
        for name in ("best_epoch", "images", "lr_schedule", "noise", "schedule"):
            record.pop(name, None)
        job.metrics_json.write_text(json.dumps(record))
        facts = json.loads(job.provenance_json.read_text())
        kept = {name: facts[name] for name in ("python", "packages", "commit", "data")}
        job.provenance_json.write_text(json.dumps(kept))
        config = yaml.safe_load(job.config_yaml.read_text())
        del config["noise"]
        for name in set(config["trainer"]) - {"epochs", "batch_size", "seed", "device"}:
            del config["trainer"][name]
        job.config_yaml.write_text(yaml.safe_dump(config))

    for command, words in ((results, []), (confirm, ["top=1", "seeds=2"])):  # it reports, too
        ended = run_command(command, [str(root), *words], capfd)
        assert ended.code == 0, ended.err
    again = run_command(rerun, [str(root), "0"], capfd)
    assert again.out.startswith("trial 0: ")
    assert again.err == ""
