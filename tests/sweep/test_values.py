"""What a job is given is what the same words give it under Hydra's own sweeper."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

APP = Path(__file__).parent / "apps" / "shapes.py"
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path) -> Run:
    """Runs the application in an empty directory; returns what it printed."""

    def run(*words: str, code: int = 0) -> str:
        ended = subprocess.run(
            [sys.executable, str(APP), "--multirun", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code, ended.stderr + ended.stdout
        return ended.stderr + ended.stdout

    return run


def search(*words: str, sampler: str = "grid") -> list[str]:
    """The words of a sweep that tries every point."""
    return [
        *("hydra/sweeper=optuna_study", f"hydra/sweeper/sampler={sampler}"),
        *("hydra.sweep.dir=ours", "hydra.sweeper.n_jobs=0", *words),
    ]


def seen(root: Path) -> list[dict[str, Any]]:
    """What each job of a sweep was given, sorted."""
    found = [json.loads(path.read_text()) for path in root.glob("**/seen.json")]
    return sorted(found, key=lambda each: json.dumps(each["given"]))


def test_each_job_resolves_the_sweeps_interpolations(run, tmp_path):
    subdir = "hydra.sweep.subdir=x_${x}/${hydra.job.num}"
    run(*search("x=1,2", subdir, "hydra.sweeper.n_trials=2"))
    assert [each["subdir"].split("/")[0] for each in seen(tmp_path / "ours")] == ["x_1", "x_2"]
    for each in seen(tmp_path / "ours"):
        assert (tmp_path / "ours" / each["subdir"] / "seen.json").is_file()
    for name in ("multirun.yaml", "x_1/*/.hydra/hydra.yaml"):
        (written,) = (tmp_path / "ours").glob(name)
        assert subdir in written.read_text()
