"""The file from which a trial continues: its state after an epoch, and whose state it is."""

import hashlib
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from dropout_study.errors import TrialPruned
from dropout_study.files import remove_temporaries
from dropout_study.paths import JobPaths
from dropout_study.sweeper.source import StudyStopping, ends_its_trial
from dropout_study.task.checkpoint import has_best
from dropout_study.task.provenance import data_facts, device_name, package_versions, source_commit
from dropout_study.task.shared_epochs import depends_on_epochs
from dropout_study.training.state import State, StateError, Trained
from dropout_study.trial import Metrics

if TYPE_CHECKING:
    from dropout_study.task.trial import Trial

log = logging.getLogger(__name__)

FORMAT = 1
"""Of the file; another number is not read."""
PACKAGES = ("dropout-study", "torch")
MAY_DIFFER = ("device", "checkpoint", "resume", "resume_every", "resume_seconds")
"""Keys of ``trainer`` that do not belong to the training itself."""
GROUPS = ("model", "data", "optimizer", "lr_schedule", "schedule", "trainer")
"""Groups of the configuration that training reads."""
_open_files = 0
"""Trials of this process that keep their states."""


class ResumeFile:
    """Keeps the state of a trial after an epoch, as the settings ``trainer.resume...`` say.

    Args:
        trial: the trial, before its first epoch.
        config: its configuration.
        paths: its paths.
        all_examples: whether it is trained on the validation examples too.
    """

    def __init__(
        self, trial: "Trial", config: DictConfig, paths: JobPaths, *, all_examples: bool
    ) -> None:
        trainer = config.trainer
        self._paths = paths
        self._path = paths.resume
        self._saves = trainer.get("checkpoint", "none") != "none" and not all_examples
        self._best = self._saves and trainer.checkpoint == "best"
        self.keeps = trainer.resume == "keep"
        self._trial = trial
        self._every = int(trainer.get("resume_every", 1))
        self._seconds = float(trainer.get("resume_seconds", 10))
        self._facts = facts_of(trial, config, all_examples=all_examples)
        measures = trial.measuring.measures.items()
        others = {f"measure {name}": measure for name, measure in measures}
        self._trained = Trained(trial.model, trial.optimizer, others)
        self._written = 0
        self._last = monotonic()
        self._cost = 0.0
        self._able = True

    def restore(self) -> bool:
        """Gives the trial the state of the file, and its epochs; returns False if it cannot.

        The trial must then be built again: a part of the state may be in it.
        """
        try:
            state, facts = State.read(self._path)
            history, where = _epochs(facts.pop("history", None)), facts.pop("device", "")
            if changed := _changes(facts, self._facts):
                raise StateError(f"it is of {changed}")
            if self._best and not has_best(self._paths, self._trial.objective, history):
                raise StateError(f"{self._paths.checkpoint.name} lacks the best weights so far")
            if len(history) > (most := self._trial.settings.epochs):
                self._check_shorter(len(history), most)
            else:
                self._trained.restore(state)
        except StateError as error:
            log.warning("%s is not used, the trial begins anew: %s", self._path, error)
            return False
        self._trial.earlier = history[:most]
        self._written = len(history)
        log.info("continues after epoch %d: %s", len(history), self._path)
        if where != (here := self._device()):
            log.info("it was trained on %s, now on %s: sums may be rounded otherwise", where, here)
        return True

    def _check_shorter(self, epochs: int, most: int) -> None:
        """Checks that a trial that is the beginning of another needs no weights."""
        if self._saves:
            raise StateError(
                f"the trial has {most} epochs and its weights are saved, the file has {epochs}"
            )

    def __call__(self, row: Metrics) -> bool:
        """Writes the state after an epoch if it is due; never stops the training."""
        long_ago = monotonic() - self._last >= self._interval
        if long_ago and row["epoch"] - self._written >= self._every:
            self.write()
        return True

    @property
    def _interval(self) -> float:
        """The shortest time between two states, in s: writing takes at most 1 % of the time.

        The trials of a process, as those of a population, share that.
        """
        return self._seconds and max(self._seconds, 100 * self._cost * _open_files)

    def write(self) -> None:
        """Writes the present state, unless it is in the file already."""
        history = self._trial.history
        if not self._able or len(history) <= self._written:
            return
        started = monotonic()
        beside = {**self._facts, "history": history, "device": self._device()}
        try:
            self._trained.state().write(self._path, beside)
        except StateError as error:
            log.warning("if it is interrupted, the trial begins anew: %s", error)
            self._able = False
            self.remove()
            return
        self._written, self._last = len(history), monotonic()
        self._cost = self._last - started

    def remove(self) -> None:
        """Removes the file."""
        self._path.unlink(missing_ok=True)

    def _device(self) -> str:
        return device_name(self._trial.splits.train.labels.device)


def resumed(
    trial: "Trial",
    build: Callable[[], "Trial"],
    config: DictConfig,
    paths: JobPaths,
    *,
    all_examples: bool,
) -> "tuple[Trial, ResumeFile | None]":
    """Returns the trial with the state of an earlier process, if there is one, and its file.

    Args:
        trial: the trial, before its first epoch.
        build: builds it again, if the state in the file cannot be used.
        config: its configuration.
        paths: its paths.
        all_examples: whether it is trained on the validation examples too.
    """
    if config.trainer.get("resume", "off") == "off":
        return trial, None
    remove_temporaries(paths.root)
    resume = ResumeFile(trial, config, paths, all_examples=all_examples)
    if paths.resume.is_file() and not resume.restore():
        trial = build()
        resume = ResumeFile(trial, config, paths, all_examples=all_examples)
    return trial, resume


@contextmanager
def kept(resume: ResumeFile | None) -> Iterator[None]:
    """Removes the file when the trial has ended, and keeps it when the trial was interrupted.

    If the trial stops after an epoch and may continue from there, the file has that epoch.
    """
    global _open_files
    if resume is None:
        yield
        return
    _open_files += 1
    try:
        yield
    except (StudyStopping, TrialPruned) as stopped:
        if resume.keeps or getattr(stopped, "may_continue", True):
            resume.write()
        else:
            resume.remove()
        raise
    except BaseException as error:
        if ends_its_trial(error):
            resume.remove()
        raise
    else:
        if resume.keeps:
            resume.write()
        else:
            resume.remove()
    finally:
        _open_files -= 1


def facts_of(trial: "Trial", config: DictConfig, *, all_examples: bool) -> dict[str, Any]:
    """Returns what must be equal for a state to be one of this trial."""
    given = {
        group: OmegaConf.to_container(config[group], resolve=True)
        for group in GROUPS
        if config.get(group)
    }
    told = any(callable(getattr(module, "begin_epoch", None)) for module in trial.model.modules())
    alike = not told and not depends_on_epochs(config)  # however many epochs there will be
    left_out = (*MAY_DIFFER, "epochs") if alike else MAY_DIFFER
    trainer = {k: v for k, v in config.trainer.items() if k not in left_out}
    given["trainer"] = OmegaConf.to_container(OmegaConf.create(trainer), resolve=True)
    return {
        "format of the file": FORMAT,
        "version of packages": {name: package_versions().get(name) for name in PACKAGES},
        "commit": source_commit(),
        "code": _own_code(trial, given) | _edited_code(),
        "data": data_facts(trial.splits)["sha256"],
        "setting": given,
        "objective": asdict(trial.objective),
        "trained on validation data": all_examples,
    }


def _epochs(history: Any) -> list[Metrics]:
    """Returns the epochs of a file, if they are epochs."""
    rows = history if isinstance(history, list) else []
    numbers = [row.get("epoch") for row in rows if isinstance(row, dict)]
    if not rows or numbers != list(range(1, len(rows) + 1)):
        raise StateError("it is damaged: it has no epochs")
    return rows


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Returns the first difference in words: "another setting optimizer.lr: 0.1, now 0.2"."""
    for kind in dict.fromkeys([*now, *before]):
        old, new = _flat(before.get(kind)), _flat(now.get(kind))
        for key in dict.fromkeys([*new, *old]):
            if old.get(key) != new.get(key):
                return f"another {f'{kind} {key}'.strip()}: {old.get(key)}, now {new.get(key)}"
    return ""


def _flat(node: object, name: str = "") -> dict[str, object]:
    if not isinstance(node, dict) or not node:
        return {name: node}
    inner = [_flat(each, f"{name}.{key}" if name else key) for key, each in node.items()]
    return {key: each for part in inner for key, each in part.items()}


def _own_code(trial: "Trial", config: Mapping[str, Any]) -> dict[str, str]:
    """Returns a checksum of each file that defines a class of the trial or makes a part of it."""
    objects = [*trial.model.modules(), trial.optimizer, *trial.measuring.measures.values()]
    names = {kind.__module__ for each in objects for kind in type(each).__mro__}
    names |= {target.rpartition(".")[0] for target in _targets(config)}
    files = {name: getattr(sys.modules.get(name), "__file__", None) for name in names}
    own = {n: Path(f) for n, f in files.items() if f and n.partition(".")[0] not in PACKAGED}
    return {name: _checksum([path]) for name, path in sorted(own.items()) if path.is_file()}


def _targets(node: object) -> Iterator[str]:
    """Yields every ``_target_`` in a configuration."""
    if isinstance(node, dict):
        yield from (str(v) for k, v in node.items() if k == "_target_")
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _targets(each)


PACKAGED = {"torch", "torchvision", "dropout_study", *sys.stdlib_module_names}
"""Code that has a version or a commit."""


@cache
def _edited_code() -> dict[str, str]:
    """Returns a checksum of this package's files if its commit does not say what is in them."""
    if not (source_commit() or "").endswith("-dirty"):
        return {}
    return {"dropout_study": _checksum(sorted(Path(__file__).parents[1].rglob("*.py")))}


def _checksum(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]
