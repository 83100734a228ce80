"""The population form of a task: the interface that a launcher needs to train jobs together."""

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hydra.types import TaskFunction
from hydra.utils import get_object
from omegaconf import DictConfig

from dropout_study.trial import Metrics, OnEpoch

if TYPE_CHECKING:
    import torch
    from torch import nn

    from dropout_study.data import Splits
    from dropout_study.training import TrainSettings
    from dropout_study.training.measures import Measuring
    from dropout_study.training.metrics import MetricTypes

Task = TypeVar("Task", bound=Callable[..., Any])


@dataclass(frozen=True)
class MemberTask:
    """The parts of a task's training, so that the population's loop can train it.

    Attributes:
        model: maps images [B, C, H, W] to logits [B, K]; on the device of ``splits``.
        optimizer: the optimizer of the model's parameters.
        splits: the data, the same for all jobs of a group.
        settings: epochs, batch size, precision and seed.
        on_epoch: called after every epoch; the member goes on while it returns True.
        result: returns the task's result from its epochs so far; the objective in it is reported.
        metrics: the metrics, the same for all jobs of a group; None for loss and accuracy.
        history: the epochs that an earlier process has trained; ``on_epoch`` is told of them again.
        measuring: its measures, if they know the network from before its first epoch.
    """

    model: "nn.Module"
    optimizer: "torch.optim.Optimizer"
    splits: "Splits"
    settings: "TrainSettings"
    on_epoch: OnEpoch
    result: Callable[[Sequence[Metrics]], Any]
    metrics: "MetricTypes | None" = None
    history: Sequence[Metrics] = ()
    measuring: "Measuring | None" = None


class PopulationForm(Protocol):
    """Turns the jobs of a task into members. The class is called without arguments."""

    def group(self, config: DictConfig) -> Hashable:
        """Returns what jobs must share to be trained together, e.g. data and device."""

    def member(self, config: DictConfig, job_dir: Path) -> AbstractContextManager[MemberTask]:
        """Returns a context that is entered when the job begins and left when it ends."""


def population_form(target: str) -> Callable[[Task], Task]:
    """Names the population form of a task function, so that its jobs can be trained together.

    Put it below ``@hydra.main``, on the function itself.

    Args:
        target: dotted path of its ``PopulationForm``; imported when the first job is launched.
    """

    def mark(task: Task) -> Task:
        vars(task)["population_form"] = target
        return task

    return mark


def has_form(task_function: TaskFunction) -> bool:
    """Returns whether ``task_function`` has named a population form."""
    return hasattr(task_function, "population_form")


def form_of(task_function: TaskFunction) -> PopulationForm:
    """Returns the population form that ``task_function`` has named."""
    form: PopulationForm = get_object(vars(task_function)["population_form"])()
    return form
