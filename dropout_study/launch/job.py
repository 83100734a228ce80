"""A Hydra job that begins, is trained together with others, and ends.

The beginning and the end are two calls of Hydra's ``run_job``, the first without ``on_job_end``,
the second without ``on_job_start``. So directories, ``.hydra``, logs, environment, working
directory, callbacks and ``JobReturn`` are those of any launcher, and the parameters of a job are
on disk before it is trained.
"""

from collections.abc import Callable, Hashable, Mapping
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
from dropout_study.sweep.source import Assignment, Interrupted, StudyStopping, TrialSource
from dropout_study.training.population.member import MemberResult
from dropout_study.trial import Metrics


class MemberJob:
    """The job of one trial, which tells the trial's source of its epochs and its end.

    Args:
        assignment: the trial.
        config: its composed configuration.
        source: of the trial.
        objective: name of what is reported after every epoch.
        context: Hydra's context.
        task_function: the task, as an argument of the callbacks.
        form: turns the job into a member.
    """

    def __init__(
        self,
        assignment: Assignment,
        config: DictConfig,
        source: TrialSource,
        objective: str,
        context: HydraContext,
        task_function: TaskFunction,
        form: PopulationForm,
    ) -> None:
        self.assignment = assignment
        self.config = config
        self._source = source
        self._objective = objective
        self._context = context
        self._task_function = task_function
        self._form = form
        self._opened = ExitStack()
        self._task: MemberTask  # once the job has begun
        self._error: Exception | None = None
        self._history: list[Metrics] = []
        self._stopped = False

    @property
    def name(self) -> str:
        """Its directory within the study's."""
        return self.assignment.name

    def group(self) -> Hashable:
        """Returns what jobs must have in common to be trained together."""
        return self._form.group(self.config)

    def begin(self) -> MemberTask | None:
        """Makes the directory and the member; tells the source of a job that fails at once."""
        job = self._act(self._enter, silent="on_job_end")
        if job.status is JobStatus.FAILED:
            self._error = cast("Exception", job._return_value)
            self._tell(None, pruned=False)
            return None
        if all(self.goes_on(row) for row in self._task.history):
            return self._task
        self.end(MemberResult(self._history))
        return None

    def goes_on(self, metrics: Metrics) -> bool:
        """Tells the task and the source of an epoch; returns whether both want another."""
        self._history.append(metrics)
        try:
            goes_on = self._task.on_epoch(metrics)
        except Exception as error:  # from the task's listeners: this job fails, the others go on
            self._error = error
            goes_on = False
        value = self._value()
        if value is not None:
            stopped = not self._source.report(self.assignment, value, metrics["epoch"])
            self._stopped = stopped and goes_on  # a task that ends by itself is complete
        return goes_on and not self._stopped

    def end(self, result: MemberResult) -> None:
        """Tells the source how the job has left; one stopped in its last epoch is complete."""
        pruned = self._stopped and len(result.history) < self._task.settings.epochs
        if pruned and self._source.stopping:
            self._leave(StudyStopping())
            self._source.release(self.assignment)
        else:
            self._tell(result, pruned=pruned)

    def close(self) -> None:
        """Closes what the task has opened. The job does not end; it can be run again."""
        self._leave(Interrupted())

    def _leave(self, reason: BaseException) -> None:
        """Closes what the task has opened, as if ``reason`` had been raised in it."""
        self._opened.__exit__(type(reason), reason, None)

    def _value(self) -> float | None:
        """Returns the objective after the epochs so far: in the result as it would be now.

        None if the objective has no value per epoch.
        """
        returned = self._task.result(self._history)
        if isinstance(returned, Mapping):
            per_epoch = self._objective in self._history[-1]
            returned = returned.get(self._objective) if per_epoch else None
        return float(returned) if isinstance(returned, Real) else None

    def _tell(self, result: MemberResult | None, *, pruned: bool) -> None:
        """Ends the job as its task would (it returns, fails or is pruned) and tells the source."""
        conclude = partial(self._conclude, result, pruned)
        self._source.tell(self.assignment, self._act(conclude, silent="on_job_start"))

    def _enter(self, config: DictConfig) -> None:
        job_dir = Path(HydraConfig.get().runtime.output_dir)
        self._task = self._opened.enter_context(self._form.member(config, job_dir))

    def _conclude(self, result: MemberResult | None, pruned: bool, _: DictConfig) -> Any:
        with self._opened:
            error = self._error or (result.error if result else None)
            if error is not None or result is None:
                raise error or RuntimeError(f"job {self.name} has no result")
            returned = self._task.result(result.history)
            if pruned:
                may_continue = self._source.may_continue(self.assignment)
                raise TrialPruned(returned if isinstance(returned, Mapping) else {}, may_continue)
            return returned

    def _act(self, function: TaskFunction, silent: str) -> JobReturn:
        """Runs ``function`` as the job's task, without the callbacks' method ``silent``."""
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
    """Hydra's callbacks without the method ``silent``; they get the real task function."""

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
