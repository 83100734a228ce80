"""A Hydra job that begins, is trained together with others, and ends.

A job begins as a call of Hydra's ``run_job``, without ``on_job_end``. So directories, ``.hydra``,
logs, environment, working directory, callbacks and ``JobReturn`` are those of any launcher, and the
parameters of a job are on disk before it is trained. Its end completes this ``JobReturn`` in the
same surroundings; a second ``run_job`` would write the configuration again.
"""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from numbers import Real
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus, configure_log, env_override, run_job
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_study.errors import TrialPruned
from dropout_study.launch.form import MemberTask, PopulationForm
from dropout_study.sweeper.source import Assignment, Interrupted, StudyStopping, TrialSource
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
        self._job: JobReturn
        self._hydra: Any  # the part of the configuration that ``HydraConfig`` has in the job
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
        self._job = self._start()
        if self._job.status is JobStatus.FAILED:
            self._error = cast("Exception", self._job._return_value)
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
        if pruned and self._source.abandons(self.assignment):
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
        job = self._job
        with self._inside():
            try:
                job.return_value = self._conclude(result, pruned)
                job.status = JobStatus.COMPLETED
            except Exception as error:
                job.return_value, job.status = error, JobStatus.FAILED
            self._context.callbacks.on_job_end(config=self.config, job_return=job)
        self._source.tell(self.assignment, job)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """The surroundings of the job: its configuration, log, environment, working directory."""
        hydra, known = self.config.hydra, HydraConfig.instance()
        outside, known.cfg = known.cfg, self._hydra
        configure_log(hydra.job_logging, hydra.verbose)
        try:
            with chdir(str(self._job.working_dir)), env_override(hydra.job.env_set):
                yield
        finally:
            known.cfg = outside
            configure_log(hydra.hydra_logging, hydra.verbose)

    def _enter(self, config: DictConfig) -> None:
        self._hydra = HydraConfig.instance().cfg
        job_dir = Path(HydraConfig.get().runtime.output_dir)
        self._task = self._opened.enter_context(self._form.member(config, job_dir))

    def _conclude(self, result: MemberResult | None, pruned: bool) -> Any:
        with self._opened:
            error = self._error or (result.error if result else None)
            if error is not None or result is None:
                raise error or RuntimeError(f"job {self.name} has no result")
            returned = self._task.result(result.history)
            if pruned:
                may_continue = self._source.may_continue(self.assignment)
                raise TrialPruned(returned if isinstance(returned, Mapping) else {}, may_continue)
            return returned

    def _start(self) -> JobReturn:
        """Runs the job up to its training."""
        callbacks = _WithoutEnd(self._context.callbacks, self._task_function)
        context = HydraContext(self._context.config_loader, cast("Any", callbacks))
        try:
            return run_job(
                hydra_context=context,
                task_function=self._enter,
                config=self.config,
                job_dir_key="hydra.sweep.dir",
                job_subdir_key="hydra.sweep.subdir",
            )
        finally:
            configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)


class _WithoutEnd:
    """Hydra's callbacks at the start of a job; they get the real task function."""

    def __init__(self, callbacks: Any, task_function: TaskFunction) -> None:
        self._callbacks = callbacks
        self._task_function = task_function

    def on_job_start(self, *, config: DictConfig, **_: Any) -> None:
        self._callbacks.on_job_start(config=config, task_function=self._task_function)

    def on_job_end(self, **_: Any) -> None:
        """Waits for the end."""
