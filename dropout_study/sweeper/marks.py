"""Marks on a task function: further functions that the sweeper may call.

A mark is a name: a metric's, or the dotted path of a function, so that nothing is imported before
it is needed. Marks go below ``@hydra.main``, on the function itself.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from hydra.core.hydra_config import HydraConfig
from hydra.types import TaskFunction
from hydra.utils import get_class, get_method
from omegaconf import DictConfig

Task = TypeVar("Task", bound=Callable[..., Any])


def preloads(target: str) -> Callable[[Task], Task]:
    """Names a function that is called once before the sweep's workers are forked.

    The workers then share the modules that it imports and the data that it caches.

    Args:
        target: dotted path of a function of the composed configuration.
    """
    return _mark("preload", target)


def checks(target: str) -> Callable[[Task], Task]:
    """Names a function that checks configurations of jobs before a sweep starts.

    It is called with every choice of a searched key, and with both ends of every range.

    Args:
        target: dotted path of a function of a job's configuration, which raises ``UserError``.
    """
    return _mark("checks", target)


def estimates_cost(target: str) -> Callable[[Task], Task]:
    """Names a function that estimates for a dry run how long a sweep takes.

    Args:
        target: dotted path of a function that returns a text. It is called with the configuration
            of a job, the sweeper's settings, a list of the configurations that are run first and an
            endless iterator of such as the sweep may run after them.
    """
    return _mark("cost", target)


def offers_objectives(target: str) -> Callable[[Task], Task]:
    """Names a function that lists the objectives that a sweep may have.

    Without this mark every name is accepted, and checked when the first job returns.

    Args:
        target: dotted path of a function of the composed configuration that returns an ``Offer``
            (``sweeper.planning.objective``) by name.
    """
    return _mark("objectives", target)


def places(target: str) -> Callable[[Task], Task]:
    """Names a function that chooses where a sweep's jobs run if the user does not say.

    Without this mark they run in workers.

    Args:
        target: dotted path of a function that returns a function of a ``TrialSource`` which runs
            its jobs, or None for workers, and the reason as a text. It is called with the sweeper's
            settings, a list with a configuration of each kind of job (see ``Candidates``), and by
            name the sweep's ``config``, ``context`` and ``task_function``.
    """
    return _mark("places", target)


def counts(metric: str) -> Callable[[Task], Task]:
    """Marks a task function with the metric that counts its work: a sweep shows it per second.

    Args:
        metric: the name of a number that the task returns, ``images`` say.
    """
    return _mark("counts", metric)


def counts_epochs(key: str, target: str) -> Callable[[Task], Task]:
    """Names the key that is a job's number of epochs, and how jobs share their epochs.

    Trials that differ in nothing else are then not trained twice where the task can help it, and
    the settings of a pruner are checked against the longest trial.

    Args:
        key: dotted key of the configuration.
        target: dotted path of a ``SharesEpochs`` (``sweeper.siblings``).
    """
    named, form = _mark("epochs_key", key), _mark("epochs_form", target)
    return lambda task: named(form(task))


def epochs_of(task_function: TaskFunction) -> tuple[str, Any] | None:
    """Returns the key that ``counts_epochs`` has named and its form, or None."""
    key = epochs_key(task_function)
    return None if key is None else (key, get_class(vars(task_function)["epochs_form"])())


def epochs_key(task_function: TaskFunction) -> str | None:
    """Returns the key that ``counts_epochs`` has named, or None."""
    return getattr(task_function, "epochs_key", None)


def preload(task_function: TaskFunction, config: DictConfig) -> None:
    """Calls the function that ``preloads`` has named, if there is one."""
    if (function := marked(task_function, "preload")) is not None:
        as_job(function, config)


def as_job(function: Callable[..., Any], config: DictConfig, *more: Any) -> Any:
    """Calls a function of a job's configuration such that ``${hydra:...}`` in it can resolve."""
    hydra_config = HydraConfig.instance()
    before = hydra_config.cfg
    hydra_config.set_config(config)
    try:
        return function(config, *more)
    finally:
        hydra_config.cfg = before


def marked(task_function: TaskFunction, name: str) -> Callable[..., Any] | None:
    """Returns the function that ``task_function`` is marked with under ``name``, or None."""
    target = getattr(task_function, name, None)
    return None if target is None else get_method(target)


def counted(task_function: TaskFunction) -> str | None:
    """Returns the name of the metric that counts the task's work, or None."""
    return getattr(task_function, "counts", None)


def _mark(name: str, value: str) -> Callable[[Task], Task]:
    def mark(task: Task) -> Task:
        vars(task)[name] = value
        return task

    return mark
