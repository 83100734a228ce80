"""Runs jobs of a task without a population form one after the other, as Hydra's basic launcher."""

import logging
from collections.abc import Sequence

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

log = logging.getLogger(__name__)


def launch_alone(
    job_overrides: Sequence[Sequence[str]],
    initial_job_idx: int,
    *,
    config: DictConfig,
    context: HydraContext,
    task_function: TaskFunction,
) -> Sequence[JobReturn]:
    """Runs a wave of jobs in turn and returns how each ended."""
    log.info("the task has no population form: its jobs run one after the other")
    launcher = BasicLauncher()
    launcher.setup(hydra_context=context, task_function=task_function, config=config)
    return launcher.launch(job_overrides, initial_job_idx)
