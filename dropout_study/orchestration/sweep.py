"""The sweep: ask Optuna for a trial, launch it as a Hydra job, tell Optuna how it ended."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import optuna
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from dropout_study.errors import UserError, check_one_of
from dropout_study.orchestration.outcome import Outcome, outcome_of
from dropout_study.orchestration.overrides import SweepPlan, config_keys, job_overrides, plan_sweep
from dropout_study.paths import StudyPaths, atomic_write
from dropout_study.randomness import draw_key
from dropout_study.search.space import check_space, fitting_points
from dropout_study.search.study import (
    ask,
    best_trial,
    enqueue_new,
    finished,
    open_storage,
    open_study,
    tell,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepSettings:
    """The sweeper's configuration; ``OptunaStudyConf`` documents every field."""

    sampler: DictConfig
    direction: Literal["maximize", "minimize"] = "maximize"
    storage: str | None = None
    study_name: str | None = None
    n_trials: int = 20
    objective: str = "value"
    params: dict[str, Any] = field(default_factory=dict)
    enqueue: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def from_config(cls, sampler: DictConfig, fields: Mapping[str, Any]) -> Self:
        """Returns the settings of a composed ``hydra.sweeper``."""
        plain: dict[str, Any] = {
            name: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
            for name, value in fields.items()
        }
        return cls(sampler=sampler, **plain)


def run_sweep(
    settings: SweepSettings,
    arguments: Sequence[str],
    *,
    config: DictConfig,
    context: HydraContext,
    launcher: Launcher,
) -> None:
    """Runs trials until the study has ``settings.n_trials`` finished ones.

    Args:
        settings: the sweeper's configuration.
        arguments: overrides from the command line, sweeps included.
        config: the composed configuration of the sweep.
        context: Hydra's, for its config loader.
        launcher: runs one job at a time.

    Raises:
        UserError: the search space cannot be used, the study is another's, or no trial completed.
    """
    check_one_of("hydra.sweeper.direction", settings.direction, ("maximize", "minimize"))
    plan = plan_sweep(settings.params, arguments, context.config_loader)
    check_space(plan.space, config_keys(config))
    paths = StudyPaths(Path(config.hydra.sweep.dir))
    paths.root.mkdir(parents=True, exist_ok=True)
    study = _open(settings, plan, paths)
    OmegaConf.save(config, paths.multirun_yaml)
    while (number := finished(study)) < settings.n_trials:
        study.sampler = build_sampler(settings.sampler, number)
        _run_one(study, plan, launcher, settings.objective)
    _conclude(study, paths, settings)


def build_sampler(conf: DictConfig, number: int) -> optuna.samplers.BaseSampler:
    """Returns the sampler for trial ``number``: its randomness is a function of (seed, number)."""
    seeded = "seed" in conf and conf.seed is not None
    extra = {"seed": draw_key(conf.seed, "sampler", number) % 2**32} if seeded else {}
    sampler: optuna.samplers.BaseSampler = instantiate(conf, **extra, _convert_="all")
    return sampler


def _open(settings: SweepSettings, plan: SweepPlan, paths: StudyPaths) -> optuna.Study:
    study = open_study(
        storage=open_storage(settings.storage, paths.journal),
        name=settings.study_name or paths.root.name,
        direction=settings.direction,
        sampler=build_sampler(settings.sampler, 0),
        space=plan.space,
    )
    inside, outside = fitting_points(settings.enqueue, plan.space)
    for point in outside:
        log.warning("not enqueued, it lies outside the search space: %s", point)
    enqueue_new(study, inside)
    if done := finished(study):
        log.info("study `%s` resumes: %d of %d trials", study.study_name, done, settings.n_trials)
    return study


def _run_one(study: optuna.Study, plan: SweepPlan, launcher: Launcher, objective: str) -> None:
    trial, params = ask(study, plan.space)
    jobs = launcher.launch([job_overrides(plan, params)], initial_job_idx=trial.number)
    outcome = outcome_of(jobs[0], objective)
    tell(study, trial, outcome.value, outcome.error)
    _log_outcome(study, trial.number, outcome)


def _log_outcome(study: optuna.Study, number: int, outcome: Outcome) -> None:
    if outcome.error:
        log.warning("trial %d failed: %s", number, outcome.error)
    elif best := best_trial(study):
        log.info(
            "trial %d: value %.4f (best %.4f, trial %d)",
            *(number, outcome.value, best.value, best.number),
        )


def _conclude(study: optuna.Study, paths: StudyPaths, settings: SweepSettings) -> None:
    best = best_trial(study)
    if best is None:
        trials = study.get_trials(deepcopy=False)
        reason = next((t.user_attrs["error"] for t in trials if "error" in t.user_attrs), "")
        raise UserError(f"all {len(trials)} trials failed, the first with: {reason}")
    summary = {
        "name": "optuna",
        "best_params": best.params,
        "best_value": best.value,
        "best_trial": best.number,
        "best_job_dir": str(best.number),
        "study_name": study.study_name,
        "n_trials": settings.n_trials,
    }
    with atomic_write(paths.optimization_results_yaml) as temporary:
        OmegaConf.save(OmegaConf.create(summary), temporary)
