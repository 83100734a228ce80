"""The directory of a single run or a grid. Unlike a study's, it is never used again."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, read_write

from dropout_study.checks import check_directory_name
from dropout_study.config.compose import as_given
from dropout_study.config.keys import is_ours
from dropout_study.config.overrides import to_override
from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, StudyPaths

RUNS = "runs"
"""The directory of the single runs, beside those of the studies."""
_held: dict[Path, FileLock] = {}
"""The directories of this process's own runs."""


def claim_directory(config: DictConfig) -> None:
    """Makes the directory of a single run or a grid, with a name that is not in use.

    A directory that is named by the time gets a number if another program uses the same time.

    Raises:
        UserError: the directory was given, and belongs to another run or study.
    """
    if config.hydra.mode == RunMode.MULTIRUN and is_ours(config.hydra.sweeper):
        name = OmegaConf.select(config, "hydra.sweeper.study_name")
        if name == RUNS:
            check_directory_name("hydra.sweeper.study_name", name, reserved=[RUNS])
        return
    kind = "sweep" if config.hydra.mode == RunMode.MULTIRUN else "run"
    node = config.hydra[kind]
    directory = Path(node.dir)
    if "${now:" in str(OmegaConf.to_container(node, resolve=False)):
        claimed = next(path for path in _names(directory) if _made(path))
        _set(config, kind, claimed)
    else:
        _check_free(directory, kind)
        if kind == "run":
            _hold(directory)


def _hold(directory: Path) -> None:
    """Keeps the directory of a single run for this process until it ends.

    Raises:
        UserError: another process has it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = _held.setdefault(directory.resolve(), FileLock(JobPaths(directory.resolve()).lock))
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise _taken(directory, "a run that has not ended", "run") from error


def release_directories() -> None:
    """Lets other processes have the directories of this process's runs, which have ended."""
    while _held:
        _held.popitem()[1].release(force=True)


def _taken(directory: Path, owner: str, kind: str) -> UserError:
    return UserError(
        f"{directory} belongs to {owner}, and a directory belongs to one run or study; "
        f"choose another with hydra.{kind}.dir=DIR"
    )


def _names(directory: Path) -> Iterator[Path]:
    yield directory
    yield from (directory.with_name(f"{directory.name}_{i}") for i in count(2))


def _made(directory: Path) -> bool:
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        directory.mkdir()
    except FileExistsError:
        return False
    return True


def _set(config: DictConfig, kind: str, directory: Path) -> None:
    """Sets the directory in ``config`` and in the overrides, from which a grid's jobs are made."""
    with read_write(config.hydra):
        config.hydra[kind].dir = str(directory)
        override = to_override(f"hydra.{kind}.dir", str(directory))
        config.hydra.overrides.hydra = [*as_given(config.hydra.overrides.hydra), override]


def _check_free(directory: Path, kind: str) -> None:
    study, run = StudyPaths(directory), JobPaths(directory)
    owners = {"a study": (study.multirun_yaml, study.journal), "a run": (run.metrics_json,)}
    for owner, files in owners.items():
        if any(path.exists() for path in files):
            raise _taken(directory, owner, kind)
    if kind == "sweep":
        directory.mkdir(parents=True, exist_ok=True)
        try:  # Hydra writes into it later; of two programs the first one makes it
            study.multirun_yaml.touch(exist_ok=False)
        except FileExistsError:
            return _check_free(directory, kind)
    return None
