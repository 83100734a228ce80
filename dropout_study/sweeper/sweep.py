"""A sweep from start to end: plan, open the study, run its jobs, conclude."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import StorageInternalError

from dropout_study.config.explain import unwritable
from dropout_study.config.instantiate import build
from dropout_study.errors import UserError
from dropout_study.files import remove_temporaries
from dropout_study.paths import StudyPaths
from dropout_study.search.asktell import AskTell
from dropout_study.search.constraints import parse_all
from dropout_study.search.lease import Lease
from dropout_study.search.shared.files import SharedFiles
from dropout_study.search.storage.open import closing_storage
from dropout_study.search.storage.urls import absolute_url, masked
from dropout_study.sweeper.conclusion import conclude, is_over
from dropout_study.sweeper.directory import check_study_name
from dropout_study.sweeper.display.dashboard import dashboard_hint
from dropout_study.sweeper.display.dry_run import print_plan
from dropout_study.sweeper.display.live import SweepDisplay
from dropout_study.sweeper.ended_trials import EndedTrials
from dropout_study.sweeper.ending import INTERRUPTED, Deadline, interruptible, resume_command
from dropout_study.sweeper.marks import counted, epochs_key, marked
from dropout_study.sweeper.open_trials import OpenTrials, jobs_of
from dropout_study.sweeper.opening import open_study
from dropout_study.sweeper.others import work_appears
from dropout_study.sweeper.planning.early_ends import check_early_ends
from dropout_study.sweeper.planning.prepare import check_full_grid, prepare, total_trials
from dropout_study.sweeper.planning.seeds import base_seed
from dropout_study.sweeper.planning.warm_start import earlier_trials
from dropout_study.sweeper.recorder import Recorder
from dropout_study.sweeper.running import SweepJobs
from dropout_study.sweeper.samplers import SeededByTrial, build_pruner
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.sweeper.siblings import Siblings
from dropout_study.sweeper.source import Interrupted
from dropout_study.sweeper.study_source import StudySource

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
        check_study_name(settings.study_name, config)
        # Absolute before a job changes the working directory (hydra.job.chdir):
        self.paths = StudyPaths(Path(config.hydra.sweep.dir).absolute())
        self.storage = settings.storage and absolute_url(settings.storage, Path.cwd())
        self.saved = saved
        self.recorder = recorder
        ready = prepare(settings, arguments, config, context, task_function)
        self.constraints = parse_all(settings.constraints)
        self.sampler = SeededByTrial(settings.sampler, ready.plan.space, ready.plan.priors)
        if settings.warm_start:
            self.sampler.check_learns()
        if self.sampler.walks_all:
            check_full_grid(ready.plan, ready.first)
        self.base_seed = base_seed(settings, ready.plan, ready.config, walks=self.sampler.walks)
        self.pruner = build_pruner(settings.pruner)
        check_early_ends(settings, self.pruner, ready.longest)
        self.callbacks = [build("hydra.sweeper.callbacks", each) for each in settings.callbacks]
        self.settings = replace(ready.settings, n_trials=total_trials(ready, self.sampler.walks))
        self.ready = replace(ready, settings=self.settings)
        self._siblings = Siblings.of(
            self.ready, task_function, self.paths.root, walks=self.sampler.walks
        )
        self._epochs_key = epochs_key(task_function)
        self._cost, self._counted = marked(task_function, "cost"), counted(task_function)
        self._jobs = SweepJobs(
            self.ready, config, context, launcher, task_function, self.paths.workers_log
        )

    def run(self) -> list[Sequence[JobReturn]]:
        """Runs trials until the study has ``n_trials`` finished ones.

        Returns:
            What the launcher returned, wave by wave; nothing if jobs ran in workers.

        Raises:
            UserError: the study is a different one, its storage is gone, or too many trials failed.
            SystemExit: 130, after an interrupt.
        """
        begins = self.settings.warm_start and not self.paths.multirun_yaml.is_file()
        earlier = earlier_trials(self.ready, self.paths.root) if begins else None
        if self.settings.dry_run:
            self.sampler.learn_from(earlier or [])
            print_plan(self.ready, self.sampler, self.pruner, self._cost)
            return []
        try:
            self.paths.root.mkdir(parents=True, exist_ok=True)
            remove_temporaries(self.paths.root)
        except OSError as error:
            raise UserError(unwritable(error)) from error
        try:
            study, lease = open_study(
                self.storage,
                self.ready,
                self.sampler,
                self.pruner,
                self.paths,
                self.recorder,
                self.saved,
                earlier,
            )
            with closing_storage(study):
                return self._run(study, lease)
        except (OSError, StorageInternalError) as error:
            told = masked(" ".join(str(error).split()))
            raise UserError(
                f"the study cannot go on: {told}; finished trials are kept, resume with: "
                f"{resume_command()}"
            ) from error

    def _run(self, study: optuna.Study, lease: Lease) -> list[Sequence[JobReturn]]:
        asktell = AskTell(
            study,
            n_trials=self.settings.n_trials,
            suggest=self.ready.suggest,
            lease=lease,
            lock=self.paths.study_lock,
            budget=self.settings.budget,
        )
        if resumed := asktell.queue.requeue_orphans():
            log.info(
                "run again because their process died: trials %s", ", ".join(map(str, resumed))
            )
        log.info(dashboard_hint(self.storage or self.paths.journal))
        display = SweepDisplay.of(study, self.settings, self._counted, asktell.budget, self._steps)
        shared = SharedFiles(study, self.paths, used=self.settings.shares_files)
        shared.publish_study()
        ended = self._ended(asktell, display, shared)
        source = self._source(asktell, display, ended)
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
                returns = self._jobs.run(source, lease, display.detach)
                while self.settings.wait_for_others and work_appears(source):
                    returns += self._jobs.run(source, lease, display.detach)
                source.end_paused()
        except Interrupted:
            _tell_interrupted()
            raise
        finally:
            with suppress(ConnectionError):  # the storage is away: others will find the trials
                source.release_all()
            lease.end()
        ended.fetch()
        self.recorder.update()
        if interrupts:
            _tell_interrupted()
            raise SystemExit(INTERRUPTED)
        conclude(study, self.settings, self.ready.plan, self.paths, asktell.budget)
        shared.publish_study()
        if self._siblings is not None and is_over(study):
            self._siblings.forget(study)
        return returns

    def _steps(self, params: Mapping[str, Any]) -> int | None:
        """Returns how many steps a trial will report, if the task names the key of its epochs."""
        if self.settings.replicates > 1:
            return self.settings.replicates
        if (key := self._epochs_key) is None:
            return None
        steps = params.get(key, OmegaConf.select(self.ready.config, key))
        return steps if isinstance(steps, int) else None

    def _ended(self, asktell: AskTell, display: SweepDisplay, shared: SharedFiles) -> EndedTrials:
        return EndedTrials(
            asktell,
            self.settings,
            self.ready.plan,
            constraints=self.constraints,
            callbacks=self.callbacks,
            recorder=self.recorder,
            shared=shared,
            display=display,
        )

    def _source(self, asktell: AskTell, display: SweepDisplay, ended: EndedTrials) -> StudySource:
        settings = self.settings
        jobs = partial(
            jobs_of,
            plan=self.ready.plan,
            settings=settings,
            base_seed=self.base_seed,
            siblings=self._siblings,
        )
        return StudySource(
            asktell,
            settings,
            trials=OpenTrials(jobs, self._siblings),
            ended=ended,
            recorder=self.recorder,
            display=display,
        )


def _tell_interrupted() -> None:
    log.info("interrupted; finished trials are kept, resume with: %s", resume_command())
