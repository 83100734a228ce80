"""The population form of this project's own task, and a trial as a job without a sweep."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dropout_study.launch.form import MemberTask
from dropout_study.sweeper.source import Interrupted
from dropout_study.task.objectives import current_objective
from dropout_study.task.trial import Trial, open_trial
from dropout_study.training.population.member import MemberResult
from dropout_study.trial import Metrics


class TrialForm:
    """Trials that share data, device, precision and metrics are trained together."""

    def group(self, config: DictConfig) -> Hashable:
        """Returns these parts of the configuration. TF32 can only be set for a whole process."""
        trainer = config.trainer
        shared = {key: trainer.get(key) for key in ("device", "precision", "metrics")}
        return OmegaConf.to_yaml({"data": config.data, **shared}, resolve=True)

    @contextmanager
    def member(self, config: DictConfig, job_dir: Path) -> Iterator[MemberTask]:
        """Yields the same training as the task function's, with the same listeners and result."""
        with open_trial(config, job_dir, objective=current_objective()) as trial:
            yield member_task(trial)


def member_task(trial: Trial) -> MemberTask:
    """Returns what a population trains of an opened trial."""
    return MemberTask(
        trial.model,
        trial.optimizer,
        trial.splits,
        trial.settings,
        trial.on_epoch,
        trial.numbers,
        trial.metrics,
        trial.earlier,
        trial.measuring,
    )


class TrialJob(ABC):
    """A trial that no sweep runs, as a job of a population: a run of a confirmation, say.

    Args:
        name: its name, which no other job of the population has.
        config: the trial's configuration.
    """

    def __init__(self, name: str, config: DictConfig) -> None:
        self.name = name
        self._config = config
        self._stack = ExitStack()
        self._task: MemberTask  # once the job has begun

    @abstractmethod
    def opened(self) -> AbstractContextManager[Trial]:
        """Returns the trial, ready to be trained, as ``open_trial`` does."""

    @abstractmethod
    def record(self, ended: Any) -> None:
        """Takes the trial's numbers, or the error that ended it."""

    def group(self) -> Hashable:
        """Returns what jobs must have in common to be trained together."""
        return TrialForm().group(self._config)

    def begin(self) -> MemberTask | None:
        """Returns what is trained; None if the job has failed, or had all its epochs, and ended."""
        try:
            self._task = member_task(self._stack.enter_context(self.opened()))
        except Exception as error:  # a user's network may raise any exception
            self.record(error)
            return None
        if all(self.goes_on(row) for row in self._task.history):
            return self._task
        self.end(MemberResult(list(self._task.history)))
        return None

    def goes_on(self, metrics: Metrics) -> bool:
        """Takes the numbers of an epoch; returns whether another one is to be trained."""
        return self._task.on_epoch(metrics)

    def end(self, result: MemberResult) -> None:
        """Records how the trial has left its population."""
        self._stack.close()
        self.record(result.error or self._task.result(result.history))

    def close(self) -> None:
        """Closes what the job has opened. It does not end; it can be run again."""
        self._stack.__exit__(Interrupted, Interrupted(), None)
