"""A sweep, from its settings to its study: plan, open, run, conclude."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import StorageInternalError

from dropout_study.config.explain import unwritable
from dropout_study.config.instantiate import build
from dropout_study.config.keys import normal_key
from dropout_study.errors import UserError
from dropout_study.files import atomic_write, remove_temporaries
from dropout_study.paths import StudyPaths
from dropout_study.search.asktell import AskTell
from dropout_study.search.conditions import suggest
from dropout_study.search.constraints import parse_all
from dropout_study.search.grid import n_points
from dropout_study.search.identity import IDENTITY_ATTR, check_identity
from dropout_study.search.lease import Lease
from dropout_study.search.storage.lock import locked
from dropout_study.search.storage.open import closing_storage, open_storage
from dropout_study.search.storage.urls import absolute_url, masked
from dropout_study.search.study import best_trials, create_study, enqueue_new, first_error, states
from dropout_study.sweep.adopted import adopt
from dropout_study.sweep.dashboard import dashboard_command
from dropout_study.sweep.directory import check_owner, check_study_name
from dropout_study.sweep.display import SweepDisplay
from dropout_study.sweep.dry_run import print_plan
from dropout_study.sweep.ending import INTERRUPTED, Deadline, interruptible, resume_command
from dropout_study.sweep.jobs import JobRunner
from dropout_study.sweep.marks import as_job, marked, preload
from dropout_study.sweep.prepare import check_full_grid, prepare
from dropout_study.sweep.runners import run_here, run_in_waves, run_in_workers
from dropout_study.sweep.samplers import SeededByTrial, build_pruner
from dropout_study.sweep.seeds import base_seed
from dropout_study.sweep.settings import SweepSettings, cores
from dropout_study.sweep.source import Interrupted
from dropout_study.sweep.study_source import Recorder, StudySource
from dropout_study.sweep.workers.pool import WorkerPool
from dropout_study.sweep.workers.worker import serve
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)


class Sweep:
    """One run of the sweeper on a study.

    Args:
        settings: the sweeper's.
        arguments: overrides from the command line, sweeps included.
        config: the composed configuration of the sweep.
        saved: the same, as ``multirun.yaml`` shows it: with the settings that are used.
        context: Hydra's.
        launcher: Hydra's.
        task_function: the application's.
        recorder: keeps the trials' files.
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
        self.context = context
        self.launcher = launcher
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
        self.settings = replace(self.settings, n_trials=self._n_trials())

    def run(self) -> list[Sequence[JobReturn]]:
        """Runs trials until the study has ``n_trials`` finished ones.

        Returns:
            What the launcher returned, wave by wave; nothing where jobs ran in workers.

        Raises:
            UserError: the study is another one, its storage is gone, or too many trials failed.
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
            with closing_storage(self._open()) as study:
                return self._run(study)
        except (OSError, StorageInternalError) as error:
            told = masked(" ".join(str(error).split()))
            raise UserError(
                f"the study cannot go on: {told}; what has ended is kept, resume with: "
                f"{resume_command()}"
            ) from error

    def _n_trials(self) -> int:
        """Returns the total of the study: a walk ends when it has tried every point."""
        total = self.settings.n_trials
        if not self.sampler.walks or self.settings.custom_search_space is not None:
            return total
        points = n_points(self.plan.space, self.plan.conditions, self.ready.fixed)
        return min(total, points + len(self.ready.first))

    def _print_plan(self) -> None:
        """Prints what would be searched, from where, and what it would cost; writes nothing."""
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
            log.info("run again, their process has died: trials %s", ", ".join(map(str, resumed)))
        watch = dashboard_command(self.storage or self.paths.journal)
        log.info("the study in a browser, also while it runs: %s", watch)
        display = self._display(study)
        source = self._source(asktell, display)
        deadline = Deadline(self.settings.timeout)

        def tick() -> None:
            display.tick()
            lease.beat()
            if deadline.passed and not source.stopping:
                log.info("hydra.sweeper.timeout: running trials leave after their epoch")
                source.stop()

        try:
            with display, interruptible(source) as interrupts:
                source.tick = tick
                returns = self._run_jobs(source, display)
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
        self._conclude(study)
        return returns

    def _open(self) -> optuna.Study:
        settings = self.settings
        with locked(self.paths.study_lock):
            study = create_study(
                open_storage(self.storage, self.paths.journal),
                settings.study_name or self.paths.root.name,
                settings.directions,
                self.sampler,
                build_pruner(settings.pruner),
            )
            check_owner(study, self.paths)
            if IDENTITY_ATTR not in study.user_attrs:
                adopt(study, self.plan, self.settings, self.recorder)
            check_identity(
                study,
                self.ready.identity(),
                extend=settings.on_change == "extend",
                may_change=[normal_key(key) for key in settings.may_change],
            )
            enqueue_new(study, self.ready.first)
        done = sum(t.state.is_finished() for t in study.get_trials(deepcopy=False))
        if done:
            name, total = study.study_name, settings.n_trials
            log.info("study `%s` resumes: %d of %d trials are finished", name, done, total)
        else:
            log.info("study `%s` begins: %s", study.study_name, settings.aim)
        return study

    def _suggest(self, trial: optuna.Trial) -> list[str]:
        """Suggests the parameters of a trial; returns their names in the order of the space."""
        names = list(suggest(trial, self.plan.space, self.plan.conditions, self.ready.fixed))
        if self.settings.custom_search_space is not None:
            get_method(self.settings.custom_search_space)(self.config, trial)
        return [*names, *(name for name in trial.params if name not in names)]

    def _display(self, study: optuna.Study) -> SweepDisplay:
        best = best_trials(study) if len(self.settings.directions) == 1 else []
        return SweepDisplay(
            study.study_name,
            self.settings.n_trials,
            self.settings.directions[0] if len(self.settings.directions) == 1 else "",
            states(study, self.settings.n_trials),
            (best[0].number, best[0].values[0]) if best else None,
        )

    def _source(self, asktell: AskTell, display: SweepDisplay) -> StudySource:
        return StudySource(
            asktell,
            self.settings,
            self.plan,
            base_seed=self.base_seed,
            constraints=self.constraints,
            callbacks=self.callbacks,
            recorder=self.recorder,
            display=display,
        )

    def _run_jobs(self, source: StudySource, display: SweepDisplay) -> list[Sequence[JobReturn]]:
        """Runs the jobs by the launcher if one was chosen, else in workers."""
        if hasattr(self.launcher, "launch_from"):
            self.launcher.launch_from(source)
            return []
        count = self.settings.jobs_at_once
        if not _is_basic(self.config):
            size = max(count, 1) * self.settings.replicates
            return run_in_waves(source, self.launcher, size)
        runner = JobRunner(self.config, self.context, self.task_function, self.ready.composer)
        if count == 0:
            run_here(source, runner)
            return []
        preload(self.task_function, self.ready.config)
        threads = max(1, cores() // count)
        output = self.paths.workers_log
        pool = WorkerPool(
            min(count, self.settings.n_trials * self.settings.replicates),
            lambda channel: serve(
                channel, runner, self.settings.objectives, output, threads, display.detach
            ),
        )
        try:
            run_in_workers(source, pool, self.settings.trial_timeout)
        finally:
            pool.close()
        return []

    def _conclude(self, study: optuna.Study) -> None:
        self.recorder.update()
        counts = states(study, self.settings.n_trials)
        if counts[TrialState.RUNNING] or counts[TrialState.WAITING]:
            left = self.settings.n_trials - sum(counts[s] for s in FINISHED)
            log.info(
                "%d trials are left, or run in other processes; resume: %s",
                left,
                resume_command(),
            )
        best = best_trials(study)
        if not best:
            if counts[TrialState.FAIL] and not counts[TrialState.PRUNED]:
                failed, reason = counts[TrialState.FAIL], first_error(study)
                raise UserError(f"all {failed} trials failed, the first with: {reason}")
            log.warning("no trial is complete, so none is the best")
            return
        with atomic_write(self.paths.optimization_results_yaml) as temporary:
            OmegaConf.save(OmegaConf.create(self._summary(study, best)), temporary)

    def _summary(
        self, study: optuna.Study, best: Sequence[optuna.trial.FrozenTrial]
    ) -> dict[str, Any]:
        """Returns the best trials in the form of Hydra's Optuna plugin, and where they are."""
        if len(study.directions) > 1:
            solutions = [
                {"params": self.plan.values(t.params), "values": t.values, "trial": t.number}
                for t in best
            ]
            return {"name": "optuna", "solutions": solutions}
        return {
            "name": "optuna",
            "best_params": self.plan.values(best[0].params),
            "best_value": best[0].value,
            "best_trial": best[0].number,
            "best_job_dir": str(best[0].number),
            "study_name": study.study_name,
            "n_trials": self.settings.n_trials,
        }


FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def _is_basic(config: DictConfig) -> bool:
    return str(config.hydra.launcher.get("_target_", "")).endswith("BasicLauncher")


def _tell_interrupted() -> None:
    log.info("interrupted; nothing that has ended is lost, resume with: %s", resume_command())
