"""A Hydra job in two acts: it begins, is trained beside others, and ends.

Each act is Hydra's own ``run_job``, the first without ``on_job_end``, the second without
``on_job_start``. So directories, ``.hydra``, logs, environment, working directory, callbacks and
``JobReturn`` are what every launcher leaves, and a job that is killed in between has its
parameters on disk.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.errors import TrialPruned
from dropout_study.launch.form import MemberTask, PopulationForm
from dropout_study.sweep.source import Assignment
from dropout_study.training.population.member import Member, MemberResult
from dropout_study.trial import Metrics


class MemberJob:
    """The job of one trial.

    Args:
        assignment: the trial.
        config: its composed configuration.
        context: Hydra's.
        task_function: the task, which the callbacks are shown.
        form: turns the task into a member.
    """

    def __init__(
        self,
        assignment: Assignment,
        config: DictConfig,
        context: HydraContext,
        task_function: TaskFunction,
        form: PopulationForm,
    ) -> None:
        self.assignment = assignment
        self.config = config
        self._context = context
        self._task_function = task_function
        self._form = form
        self._opened = ExitStack()
        self._task: MemberTask | None = None
        self._error: Exception | None = None
        self._history: list[Metrics] = []

    def begin(self) -> bool:
        """Makes the directory and the member; False if the job has failed before training."""
        job = self._act(self._enter, silent="on_job_end")
        if job.status is JobStatus.FAILED:
            self._error = cast("Exception", job._return_value)
        return self._error is None

    @property
    def place(self) -> tuple[int, int]:
        """Sorts jobs by trial, those of a trial by replicate."""
        return self.assignment.number, self.assignment.replicate or 0

    @property
    def task(self) -> MemberTask:
        """What is trained; there is none before the job has begun."""
        if self._task is None:
            raise RuntimeError(f"job {self.assignment.name} has not begun")
        return self._task

    def member(self) -> Member:
        """Returns the job's member of a population."""
        return Member(
            self.assignment.name, self.task.model, self.task.optimizer, self.task.settings
        )

    def goes_on(self, metrics: Metrics) -> bool:
        """Tells the task of an epoch; returns whether it wants another."""
        self._history.append(metrics)
        try:
            return self.task.on_epoch(metrics)
        except Exception as error:  # of the task's own listeners: it fails, its neighbours do not
            self._error = error
            return False

    def value(self, objective: str) -> float | None:
        """Returns the objective after the epochs so far, from what the task would return now.

        None for what has no value per epoch: an entry of a returned dict that no epoch has.
        """
        returned = self.task.result(self._history)
        if isinstance(returned, Mapping):
            per_epoch = objective in self._history[-1]
            returned = returned.get(objective) if per_epoch else None
        return float(returned) if isinstance(returned, Real) else None

    def end(self, result: MemberResult | None = None, *, pruned: bool = False) -> JobReturn:
        """Ends the job as its task would: returns, fails, or is pruned.

        Args:
            result: how the member left; None if the job failed as it began.
            pruned: whether it left because the study has stopped it.
        """
        return self._act(partial(self._conclude, result, pruned), silent="on_job_start")

    def close(self) -> None:
        """Lets go of what the task has opened; the job does not end, it can be run again."""
        self._opened.close()

    def _enter(self, config: DictConfig) -> None:
        job_dir = Path(HydraConfig.get().runtime.output_dir)
        self._task = self._opened.enter_context(self._form.member(config, job_dir))

    def _conclude(self, result: MemberResult | None, pruned: bool, _: DictConfig) -> Any:
        with self._opened:
            error = self._error or (result.error if result else None)
            if error is not None or result is None:
                raise error or RuntimeError(f"job {self.assignment.name} has no result")
            returned = self.task.result(result.history)
            if pruned:
                raise TrialPruned(returned if isinstance(returned, Mapping) else {})
            return returned

    def _act(self, function: TaskFunction, silent: str) -> JobReturn:
        """Runs ``function`` as the job's task, without calling the callbacks' ``silent``."""
        callbacks = _WithoutOne(self._context.callbacks, silent, self._task_function)
        context = HydraContext(self._context.config_loader, cast("Any", callbacks))
        try:
            return run_job(
                hydra_context=context,
                task_function=function,
                config=self.config,
                job_dir_key="hydra.sweep.dir",
                job_subdir_key="hydra.sweep.subdir",
            )
        finally:
            configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)


class _WithoutOne:
    """Hydra's callbacks but for the call named ``silent``; they are shown the real task."""

    def __init__(self, callbacks: Any, silent: str, task_function: TaskFunction) -> None:
        self._callbacks = callbacks
        self._silent = silent
        self._task_function = task_function

    def __getattr__(self, name: str) -> Callable[..., None]:
        return self._nothing if name == self._silent else partial(self._call, name)

    def _call(self, name: str, **kwargs: Any) -> None:
        if "task_function" in kwargs:
            kwargs["task_function"] = self._task_function
        getattr(self._callbacks, name)(**kwargs)

    def _nothing(self, **_: Any) -> None:
        pass
