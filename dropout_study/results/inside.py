"""What is in a directory that is no study: single runs, or studies."""

import os
from collections.abc import Iterator
from pathlib import Path

from dropout_study.paths import JobPaths, StudyPaths

DEPTH = 3
"""How far below a directory is looked: ``outputs/runs/<date>/<time>``."""


def single_runs(root: Path) -> list[JobPaths]:
    """Returns the single runs in ``root`` and below, the oldest first; not those of studies."""
    return [JobPaths(path) for path in _below(root, DEPTH) if _is_run(path)]


def studies(root: Path) -> list[Path]:
    """Returns the studies below ``root``."""
    return [path for path in _below(root, DEPTH - 1) if path != root and _is_study(path)]


def _below(path: Path, depth: int) -> Iterator[Path]:
    """Yields a directory and those below it, by name; none in a study or run."""
    yield path
    if depth and not _is_study(path) and not _is_run(path):
        with os.scandir(path) as entries:
            names = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
        for name in names:
            yield from _below(path / name, depth - 1)


def _is_run(path: Path) -> bool:
    job = JobPaths(path)
    return (job.config_yaml.is_file() or job.metrics_json.is_file()) and not path.name.isdecimal()


def _is_study(path: Path) -> bool:
    study = StudyPaths(path)
    return study.multirun_yaml.is_file() or bool(study.numbers())
