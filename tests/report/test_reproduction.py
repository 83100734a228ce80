import json
from pathlib import Path

import pytest
import yaml
from fake_study import write_study

from dropout_study.paths import JobPaths
from dropout_study.report.reproduction import UNKNOWN, reproduction, sweep_command, trial_command
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study


def test_the_commands_are_those_that_hydra_recorded(tmp_path: Path) -> None:
    rows = dict(reproduction(StudyView(load_study(write_study(tmp_path, ["COMPLETE"])))))

    assert rows["the study"] == "dropout-study --multirun experiment=quickstart"
    assert "model.dropout1=0.2" in rows["its best trial, 0"]
    assert rows["commit"] == "f00"
    assert rows["images"] == "5,000 train, 1,000 validation, 1,000 test"


def test_words_are_quoted_for_the_shell() -> None:
    overrides = {"task": ["optimizer.lr=tag(log, interval(0.01, 1))"], "hydra": []}

    command = sweep_command({"hydra": {"overrides": overrides}})

    assert command == "dropout-study --multirun 'optimizer.lr=tag(log, interval(0.01, 1))'"


RUNTIME = {
    "cwd": "/home/me",
    "config_sources": [
        {"provider": "main", "path": "/package/conf"},
        {"provider": "command-line", "path": "/home/me/my conf"},
    ],
}


@pytest.mark.parametrize(
    ("cwd", "name", "options"),
    [
        ("/home/me", "config", "--config-dir 'my conf'"),
        ("/elsewhere", "config", "--config-dir '/home/me/my conf'"),
        ("/home/me", "mine", "--config-name mine --config-dir 'my conf'"),
    ],
)
def test_the_commands_name_the_users_own_configurations(
    tmp_path: Path, cwd: str, name: str, options: str
) -> None:
    hydra = {
        "overrides": {"task": ["data=mine"], "hydra": ["hydra.mode=MULTIRUN"]},
        "runtime": {**RUNTIME, "cwd": cwd},
        "job": {"config_name": name},
    }
    job = JobPaths(tmp_path)
    job.hydra_yaml.parent.mkdir(parents=True)
    job.hydra_yaml.write_text(yaml.safe_dump({"hydra": hydra}))
    job.overrides_yaml.write_text("[data=mine]")

    assert sweep_command({"hydra": hydra}) == f"dropout-study {options} --multirun data=mine"
    assert trial_command(job) == f"dropout-study {options} data=mine"


@pytest.mark.parametrize("password", ["secret", "s@cr:t"])
def test_the_password_of_a_storage_is_not_shown(password: str) -> None:
    url = f"hydra.sweeper.storage=postgresql+psycopg://me:{password}@host:5432/studies"

    command = sweep_command({"hydra": {"overrides": {"task": [], "hydra": [url]}}})

    assert "postgresql+psycopg://me:***@host:5432/studies" in command
    assert password not in command


@pytest.mark.parametrize("config", [{}, {"hydra": 3}, {"hydra": {"overrides": None}}])
def test_a_lost_command_is_said_to_be_lost(config: dict[str, object], tmp_path: Path) -> None:
    assert sweep_command(config) == UNKNOWN
    assert trial_command(JobPaths(tmp_path)) == UNKNOWN


def test_without_provenance_the_rows_are_there_and_unknown(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE", "COMPLETE"])
    (tmp_path / "0" / "provenance.json").write_text("{}")
    (tmp_path / "1" / "provenance.json").unlink()

    rows = dict(reproduction(StudyView(load_study(tmp_path))))

    assert rows["commit"] == rows["packages"] == rows["images"] == UNKNOWN


def test_a_trial_of_several_seeds_has_a_command_for_each(tmp_path: Path) -> None:
    root = write_study(tmp_path, ["COMPLETE"])
    record = json.loads((root / "0" / "metrics.json").read_text())
    for seed in (3, 4):
        run = JobPaths(root / "0" / f"replicate_{seed - 3}")
        run.overrides_yaml.parent.mkdir(parents=True)
        run.overrides_yaml.write_text(f"[trainer.seed={seed}]")
        run.metrics_json.write_text(json.dumps({**record, "seed": seed}))

    rows = dict(reproduction(StudyView(load_study(root))))

    for seed in (3, 4):
        name = f"its best trial, 0/replicate_{seed - 3}"
        assert rows[name] == f"dropout-study trainer.seed={seed}"
    assert rows["seeds of the trials"] == "0, 3, 4"


def test_the_best_trials_command_has_its_threads(tmp_path: Path) -> None:
    root = write_study(tmp_path, ["COMPLETE"])
    path = root / "0" / "provenance.json"
    facts = {**json.loads(path.read_text()), "threads": 1, "device": "cpu, 1 thread"}
    path.write_text(json.dumps(facts))

    command = trial_command(JobPaths(root / "0"))

    assert command.startswith("OMP_NUM_THREADS=1 dropout-study model.dropout1=0.2 ")
