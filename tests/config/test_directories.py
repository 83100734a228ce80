"""A directory belongs to one run or one study."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hydra.core.utils import setup_globals
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from dropout_study.config.directories import claim_directory


def config(kind: str, directory: str, *, ours: bool = False, study_name: str = "s") -> DictConfig:
    """Returns the part of a configuration that names the directories."""
    return OmegaConf.create(
        {
            "hydra": {
                "mode": RunMode.MULTIRUN if kind == "sweep" else RunMode.RUN,
                kind: {"dir": directory},
                "overrides": {"hydra": []},
                "sweeper": {"study_name": study_name, **({"on_change": "refuse"} if ours else {})},
            }
        },
        flags={"readonly": True},
    )


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    setup_globals()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", ["run", "sweep"])
def test_what_begins_in_one_second_has_directories_of_its_own(kind):
    configs = [config(kind, "out/${now:%Y}") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(claim_directory, configs))
    claimed = {str(each.hydra[kind].dir) for each in configs}
    year = min(claimed)
    assert claimed == {year, *(f"{year}_{i}" for i in range(2, 9))}
    assert {str(path) for path in Path("out").iterdir()} == claimed
    assert [len(each.hydra.overrides.hydra) for each in configs] == [1] * 8


@pytest.mark.parametrize(
    ("kind", "left", "owner"),
    [
        ("run", "metrics.json", "a run"),
        ("run", "journal.log", "a study"),
        ("sweep", "multirun.yaml", "a study"),
        ("sweep", "journal.log", "a study"),
    ],
)
def test_a_given_directory_that_another_has_is_refused(kind, left, owner, told):
    Path("mine").mkdir()
    Path("mine", left).touch()
    said = told(claim_directory, config(kind, "mine"))
    assert said == (
        f"mine belongs to {owner}, and a directory belongs to one run or study; "
        f"choose another with hydra.{kind}.dir=DIR"
    )
    assert [path.name for path in Path("mine").iterdir()] == [left]


def test_of_two_grids_in_a_given_directory_the_second_is_refused(told):
    claim_directory(config("sweep", "grid"))
    assert "grid belongs to a study" in told(claim_directory, config("sweep", "grid"))


HOLDER = """
import sys
from test_directories import claim_directory, config, setup_globals
setup_globals()
claim_directory(config("run", "mine"))
print("claimed", flush=True)
sys.stdin.read()
"""


def test_of_two_runs_at_once_in_a_given_directory_the_second_is_refused(told):
    command = [sys.executable, "-c", HOLDER]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "claimed\n"
        said = told(claim_directory, config("run", "mine"))
        holder.kill()
    assert said.startswith("mine belongs to a run that has not ended, and a directory belongs to")
    claim_directory(config("run", "mine"))


def test_a_run_that_left_no_result_may_be_run_again():
    Path("mine/.hydra").mkdir(parents=True)
    claim_directory(config("run", "mine"))


def test_a_study_is_resumed_in_its_directory(told):
    Path("study").mkdir()
    Path("study/multirun.yaml").touch()
    claim_directory(config("sweep", "study", ours=True))
    said = told(claim_directory, config("sweep", "runs", ours=True, study_name="runs"))
    assert "not `runs`, got 'runs'" in said
