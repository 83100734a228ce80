"""A Lightning application under the sweeper, as docs/lightning.md shows it."""

import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("lightning")

DOCS = Path(__file__).parents[2] / "docs" / "lightning.md"


def write_app(directory: Path, **replaced: str) -> None:
    """Writes the application of the page, with some of its words replaced."""
    source = re.search(r"cat > net\.py <<'PY'\n(.*?)\nPY\n", DOCS.read_text(), re.DOTALL)
    assert source
    text = source[1]
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    (directory / "net.py").write_text(text)


def sweep(directory: Path, *words: str, code: int = 0) -> tuple[str, pd.DataFrame]:
    """Runs the application; returns what it printed, and its table."""
    if not (directory / "net.py").exists():
        write_app(directory)
    command = [sys.executable, "net.py", "--multirun", "hydra/sweeper=optuna_study"]
    given = ["hydra.sweep.dir=study", "hydra.sweeper.n_jobs=1", "hydra.sweeper.objective=val_loss"]
    ended = subprocess.run(
        [*command, *given, *words],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == code, ended.stdout
    return ended.stdout, pd.read_csv(directory / "study" / "results.csv")


def test_epochs_are_reported_and_a_bad_trial_is_pruned(tmp_path: Path):
    printed, table = sweep(
        tmp_path,
        "lr=tag(log,interval(1e-3,1e-1))",
        "hydra.sweeper.n_trials=3",
        "hydra.sweeper.enqueue=[{lr:0.05},{lr:0.04},{lr:0.001}]",
        *("hydra/sweeper/pruner=median", "hydra.sweeper.pruner.n_startup_trials=2"),
    )
    assert "Traceback" not in printed
    assert table["state"].tolist() == ["COMPLETE", "COMPLETE", "PRUNED"]
    assert table["val_loss"].notna().all()


def test_a_metric_that_is_not_logged_is_told_in_one_line(tmp_path: Path):
    words = ("lr=choice(0.05)", "+monitor=val_los", "hydra.sweeper.n_trials=1")
    printed, _ = sweep(tmp_path, *words, "hydra.sweeper.max_failure_rate=1", code=1)
    said = "`val_los` is no metric that the module logs; did you mean `val_loss`?"
    assert f"all 1 trials failed, the first with: {said}" in printed


def running_in(directory: Path) -> list[str]:
    """The processes whose working directory it is (where /proc tells)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == directory:
                found.append((process / "cmdline").read_text())
    return found


@pytest.mark.parametrize("n_jobs", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (0, 1))])
def test_a_trial_of_two_processes(tmp_path: Path, n_jobs):
    write_app(tmp_path, max_epochs='devices=2, strategy="ddp", max_epochs')
    printed, table = sweep(
        tmp_path,
        *("lr=tag(log,interval(1e-3,1e-1))", "epochs=2", f"hydra.sweeper.n_jobs={n_jobs}"),
        *("hydra.sweeper.n_trials=4", "hydra.sweeper.enqueue=[{lr:0.05},{lr:0.001},{lr:0.04}]"),
        *("hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.upper=3.2"),
    )
    assert "Traceback" not in printed
    assert table["state"].tolist()[:3] == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert table["state"][3] in ("COMPLETE", "PRUNED")
    assert sorted(each.name for each in (tmp_path / "study").glob("[0-9]*")) == list("0123")
    assert not (tmp_path / "outputs").exists(), "a second process has run on its own"
    assert running_in(tmp_path) == []
