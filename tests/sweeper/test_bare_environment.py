"""A foreign application in an environment without torch, torchvision, pandas and matplotlib."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).parent / "apps" / "sphere.py"
BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision", "pandas", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def run(directory: Path, *words: str) -> str:
    (directory / "sitecustomize.py").write_text(BLOCKER)
    path = os.pathsep.join([str(directory), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_the_blocker_blocks(tmp_path: Path):
    code = "try:\n    import torch\nexcept ModuleNotFoundError:\n    print('no')"
    assert run(tmp_path, "-c", code) == "no\n"


@pytest.mark.parametrize(
    "words",
    [
        ("hydra.sweeper.n_jobs=2", "hydra/sweeper/pruner=median"),
        ("hydra.sweeper.n_jobs=0", "hydra/sweeper/sampler=random"),
        ("hydra/launcher=joblib", "hydra.launcher.n_jobs=1", "hydra.sweeper.n_jobs=2"),
        (
            *("+seed=1", "hydra.sweeper.seed_key=seed", "hydra.sweeper.replicates=2"),
            "+hydra.callbacks.table._target_=dropout_study.results.callback.ResultsCallback",
        ),
    ],
    ids=["workers", "here", "joblib", "replicates"],
)
def test_the_sweeper_needs_hydra_and_optuna_only(tmp_path: Path, words):
    given = ("--multirun", "hydra/sweeper=optuna_study", "hydra.sweep.dir=study")
    printed = run(
        tmp_path, str(APP), *given, "+x=interval(0,1)", "hydra.sweeper.n_trials=3", *words
    )
    assert "Traceback" not in printed
    assert "raised" not in printed, "a callback has failed"
    assert ("Every trial: study/results.csv" in printed) == ("ResultsCallback" in str(words))
    with (tmp_path / "study" / "results.csv").open(newline="") as table:
        assert [row["state"] for row in csv.DictReader(table)] == ["COMPLETE"] * 3
    assert (tmp_path / "study" / "optimization_results.yaml").exists()
