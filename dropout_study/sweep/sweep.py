"""A sweep from start to end: plan, open the study, run its jobs, conclude."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import optuna
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import StorageInternalError

from dropout_study.config.explain import unwritable
from dropout_study.config.instantiate import build
from dropout_study.errors import UserError
from dropout_study.files import atomic_write, remove_temporaries
from dropout_study.paths import StudyPaths
from dropout_study.search.asktell import AskTell
from dropout_study.search.conditions import suggest
from dropout_study.search.constraints import parse_all
from dropout_study.search.lease import Lease
from dropout_study.search.storage.open import closing_storage
from dropout_study.search.storage.urls import absolute_url, masked
from dropout_study.sweep.conclusion import conclude
from dropout_study.sweep.directory import check_study_name
from dropout_study.sweep.display.dashboard import dashboard_command
from dropout_study.sweep.display.dry_run import print_plan
from dropout_study.sweep.display.live import SweepDisplay
from dropout_study.sweep.ended_trials import EndedTrials
from dropout_study.sweep.ending import INTERRUPTED, Deadline, interruptible, resume_command
from dropout_study.sweep.marks import as_job, marked
from dropout_study.sweep.opening import open_study
from dropout_study.sweep.planning.prepare import check_full_grid, prepare, total_trials
from dropout_study.sweep.planning.seeds import base_seed
from dropout_study.sweep.recorder import Recorder
from dropout_study.sweep.running import SweepJobs
from dropout_study.sweep.samplers import SeededByTrial
from dropout_study.sweep.settings import SweepSettings
from dropout_study.sweep.source import Interrupted
from dropout_study.sweep.study_source import StudySource

log = logging.getLogger(__name__)


class Sweep:
    """One run of the sweeper on a study.

    Args:
        settings: the sweeper's settings.
        arguments: overrides from the command line, sweeps included.
        config: the composed configuration of the sweep.
        saved: the same for ``multirun.yaml``, with the settings that are used.
        context: Hydra's context.
        launcher: the Hydra launcher.
        task_function: the application's task function.
        recorder: writes the trials' files.
    """

    def __init__(
        self,
        settings: SweepSettings,
        arguments: Sequence[str],
        *,
        config: DictConfig,
        saved: DictConfig,
        context: HydraContext,
        launcher: Launcher,
        task_function: TaskFunction,
        recorder: Recorder,
    ) -> None:
        self.settings = settings
        self.config = config
        self.saved = saved
        self.task_function = task_function
        check_study_name(settings.study_name, config)
        # Absolute before a job changes the working directory (hydra.job.chdir):
        self.paths = StudyPaths(Path(config.hydra.sweep.dir).absolute())
        self.storage = settings.storage and absolute_url(settings.storage, Path.cwd())
        self.recorder = recorder
        self.ready = prepare(settings, arguments, config, context, task_function)
        self.settings, self.plan = self.ready.settings, self.ready.plan
        self.base_seed = base_seed(settings, self.plan, self.ready.config)
        self.constraints = parse_all(settings.constraints)
        self.sampler = SeededByTrial(settings.sampler, self.plan.space)
        if self.sampler.walks_all:
            check_full_grid(self.plan, self.ready.first)
        self.callbacks = [build("hydra.sweeper.callbacks", each) for each in settings.callbacks]
        self.settings = replace(
            self.settings, n_trials=total_trials(self.ready, self.sampler.walks)
        )
        self._jobs = SweepJobs(
            self.settings,
            self.ready,
            config,
            context,
            launcher,
            task_function,
            self.paths.workers_log,
        )

    def run(self) -> list[Sequence[JobReturn]]:
        """Runs trials until the study has ``n_trials`` finished ones.

        Returns:
            What the launcher returned, wave by wave; nothing if jobs ran in workers.

        Raises:
            UserError: the study is a different one, its storage is gone, or too many trials failed.
            SystemExit: 130, after an interrupt.
        """
        if self.settings.dry_run:
            self._print_plan()
            return []
        try:
            self.paths.root.mkdir(parents=True, exist_ok=True)
            remove_temporaries(self.paths.root)
        except OSError as error:
            raise UserError(unwritable(error)) from error
        try:
            with closing_storage(self._open_study()) as study:
                return self._run(study)
        except (OSError, StorageInternalError) as error:
            told = masked(" ".join(str(error).split()))
            raise UserError(
                f"the study cannot go on: {told}; finished trials are kept, resume with: "
                f"{resume_command()}"
            ) from error

    def _print_plan(self) -> None:
        """Prints the search space, the first points and the cost; writes nothing."""
        cost = marked(self.task_function, "cost")
        known = (self.ready.config, self.settings, self.ready.first, self._suggest)
        print_plan(
            self.plan,
            self.settings,
            self.ready.first,
            self._suggest,
            self.sampler,
            self.ready.fixed,
            cost=cost and partial(as_job, cost, *known),
        )

    def _run(self, study: optuna.Study) -> list[Sequence[JobReturn]]:
        with atomic_write(self.paths.multirun_yaml) as temporary:
            OmegaConf.save(self.saved, temporary)
        lease = Lease(study)
        asktell = AskTell(
            study,
            n_trials=self.settings.n_trials,
            suggest=self._suggest,
            lease=lease,
            lock=self.paths.study_lock,
        )
        if resumed := asktell.requeue_orphans():
            log.info(
                "run again because their process died: trials %s", ", ".join(map(str, resumed))
            )
        watch = dashboard_command(self.storage or self.paths.journal)
        log.info("to see the study in a browser, also while it runs: %s", watch)
        display = SweepDisplay.of(study, self.settings)
        source = self._source(asktell, display)
        deadline = Deadline(self.settings.timeout)

        def tick() -> None:
            display.tick()
            lease.beat()
            if deadline.passed and not source.stopping:
                log.info("hydra.sweeper.timeout is over: running trials stop after their epoch")
                source.stop()

        try:
            with display, interruptible(source) as interrupts:
                source.tick = tick
                returns = self._jobs.run(source, display.detach)
        except Interrupted:
            _tell_interrupted()
            raise
        finally:
            source.release_all()
            lease.end()
        if interrupts:
            self.recorder.update()
            _tell_interrupted()
            raise SystemExit(INTERRUPTED)
        self.recorder.update()
        conclude(study, self.settings, self.plan, self.paths)
        return returns

    def _open_study(self) -> optuna.Study:
        return open_study(
            self.storage, self.ready, self.settings, self.sampler, self.paths, self.recorder
        )

    def _suggest(self, trial: optuna.Trial) -> list[str]:
        """Suggests the parameters of a trial; returns their names in the order of the space."""
        names = list(suggest(trial, self.plan.space, self.plan.conditions, self.ready.fixed))
        if self.settings.custom_search_space is not None:
            get_method(self.settings.custom_search_space)(self.config, trial)
        return [*names, *(name for name in trial.params if name not in names)]

    def _source(self, asktell: AskTell, display: SweepDisplay) -> StudySource:
        ended = EndedTrials(
            asktell,
            self.settings,
            self.plan,
            constraints=self.constraints,
            callbacks=self.callbacks,
            recorder=self.recorder,
            display=display,
        )
        return StudySource(
            asktell,
            self.settings,
            self.plan,
            base_seed=self.base_seed,
            ended=ended,
            recorder=self.recorder,
            display=display,
        )


def _tell_interrupted() -> None:
    log.info("interrupted; finished trials are kept, resume with: %s", resume_command())
