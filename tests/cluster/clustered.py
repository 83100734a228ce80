"""A study of ``steps.py`` on a cluster, and what can be said of it afterwards."""

import csv
import sys
from collections import Counter
from pathlib import Path

from faulty_study import is_alive, wait_until

from dropout_study.paths import StudyPaths

APP = Path(__file__).with_name("steps.py")


class ClusterStudy:
    """A study in ``root`` whose trials train ``epochs`` epochs of ``epoch_s`` seconds."""

    def __init__(self, root: Path, trials: int, epochs: int = 6, epoch_s: float = 0.5) -> None:
        self.paths = StudyPaths(root)
        self.trials, self.epochs = trials, epochs
        self.command = [
            *(sys.executable, str(APP), "--multirun", "hydra/sweeper=optuna_study"),
            *(f"hydra.sweep.dir={root}", f"hydra.sweeper.n_trials={trials}"),
            *("hydra.sweeper.n_jobs=1", "+x=interval(0,1)"),
            *(f"+epochs={epochs}", f"+epoch_s={epoch_s}"),
        ]

    def trained(self) -> dict[int, list[int]]:
        """Returns the epochs that each trial has trained, by its number."""
        files = self.paths.root.glob("*/trained")
        return {int(f.parent.name): list(map(int, f.read_text().split())) for f in files}

    def processes(self) -> list[int]:
        """Returns the processes that run a trial now, that of the first one first."""
        files = sorted(self.paths.root.glob("*/pid"), key=lambda file: int(file.parent.name))
        return [pid for file in files if is_alive(pid := int(file.read_text() or 0))]

    def gpus(self) -> set[str]:
        """Returns the GPUs that the trials have seen."""
        return {file.read_text() for file in self.paths.root.glob("*/gpu")}

    def wait_for_epochs(self, more: int) -> None:
        """Waits until so many more epochs are trained."""
        before = sum(map(len, self.trained().values()))
        wait_until(lambda: sum(map(len, self.trained().values())) >= before + more, "epochs")

    def repeated(self) -> int:
        """Returns how many epochs were trained more than once."""
        return sum(len(epochs) - len(set(epochs)) for epochs in self.trained().values())

    def check_whole(self) -> None:
        """Asserts that each trial is there once and complete, with all its epochs."""
        with self.paths.results_csv.open() as stream:
            rows = list(csv.DictReader(stream))
        assert [int(row["trial"]) for row in rows] == list(range(self.trials))
        assert Counter(row["state"] for row in rows) == {"COMPLETE": self.trials}
        expected = set(range(1, self.epochs + 1))
        assert {n: set(epochs) for n, epochs in self.trained().items()} == dict.fromkeys(
            range(self.trials), expected
        )
