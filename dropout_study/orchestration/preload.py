"""What a task wants loaded before its worker processes are made, so that they share it."""

from collections.abc import Callable
from typing import Any, TypeVar

from hydra.types import TaskFunction
from hydra.utils import get_method
from omegaconf import DictConfig

Task = TypeVar("Task", bound=Callable[..., Any])


def preloads(target: str) -> Callable[[Task], Task]:
    """Marks a task function with what is called once before its workers are forked.

    Put it below ``@hydra.main``, on the function itself. Modules that it imports and data that it
    keeps in a cache are then in every worker, in the same memory.

    Args:
        target: dotted path of a function of the composed configuration.
    """

    def mark(task: Task) -> Task:
        vars(task)["preload"] = target
        return task

    return mark


def preload(task_function: TaskFunction, config: DictConfig) -> None:
    """Calls what ``task_function`` is marked with, if it is."""
    target = getattr(task_function, "preload", None)
    if target is not None:
        get_method(target)(config)
