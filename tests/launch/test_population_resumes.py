"""Jobs of a population that were released continue, and end as if they had never stopped."""

import csv
import re
from pathlib import Path

from command_line import SMALL
from fake_source import FakeSource

from dropout_study.paths import StudyPaths
from dropout_study.trial import Metrics

WORDS = (
    *SMALL,
    "model.init_std=null",
    "data.contrast=0.6",
    "data.n_train=128",
    "data.n_test=32",
    "data.val_size=32",
)
JOBS = {
    "momentum in a stack": "optimizer.momentum=0.9 optimizer.lr=0.05 trainer.epochs=5",
    "without beside it": "optimizer.lr=0.1 trainer.epochs=4",
    "adam": "optimizer=adam lr_schedule=cosine trainer.epochs=5",
    "alone": "noise=concrete trainer.epochs=3",
    "measured": "trainer.measure=[weight_distance] schedule=linear trainer.epochs=5",
    "ends by itself": "trainer.patience=2 optimizer.lr=1e-6 trainer.epochs=5",
}


def histories(root: str) -> list[list[Metrics]]:
    paths = [StudyPaths(Path(root)).job(number) for number in range(len(JOBS))]
    assert not any(path.resume.exists() for path in paths)
    tables = [list(csv.DictReader(path.history_csv.read_text().splitlines())) for path in paths]
    return [[{**row, "seconds": 0} for row in table] for table in tables]


def goes_on(number: int, values: list[float]) -> bool:
    return number != 1 or len(values) < 3  # one job is pruned, after the others were stopped


def continued(root: str) -> list[int]:
    """Returns after which epochs jobs have continued, from their logs."""
    logs = [path.read_text() for path in sorted(Path(root).rglob("dropout_study.log"))]
    return [int(n) for text in logs for n in re.findall(r"continues after epoch (\d+)", text)]


def test_released_jobs_continue(launcher):
    jobs = [[*WORDS, *own.split()] for own in JOBS.values()]

    def train(root: str, stop_after: int | None = None) -> FakeSource:
        source = FakeSource(jobs, goes_on, stop_after=stop_after)
        launcher("population", "hydra.launcher.capacity=6", f"hydra.sweep.dir={root}").launch_from(
            source
        )
        return source

    whole = train("whole")
    assert train("parts", 2).released == list(range(len(JOBS)))
    parts = train("parts")
    assert continued("parts") == [2] * len(JOBS)
    assert histories("parts") == histories("whole")
    for number in range(len(JOBS)):
        ends = {type(source.jobs[number]._return_value) for source in (parts, whole)}
        assert len(ends) == 1
