"""The end of a sweep: writes the best trials, or says why there are none."""

import logging
from collections.abc import Sequence
from typing import Any

import optuna
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial

from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import StudyPaths
from dropout_study.search.budget import Budget
from dropout_study.search.study import best_trials, first_error, states
from dropout_study.sweeper.ending import resume_command
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def is_over(study: optuna.Study) -> bool:
    """Returns whether every trial of a study has ended."""
    return all(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))


def conclude(
    study: optuna.Study,
    settings: SweepSettings,
    plan: SweepPlan,
    paths: StudyPaths,
    budget: Budget,
) -> None:
    """Writes ``optimization_results.yaml`` and logs what is left to do.

    Raises:
        UserError: all trials have failed.
    """
    counts = states(study, settings.n_trials)
    if budget.limit is not None:
        begun = sum(counts.values()) - counts[TrialState.WAITING]
        log.info(
            "%d of hydra.sweeper.budget=%d epochs are used, in %d of hydra.sweeper.n_trials=%d",
            *(budget.used(), budget.limit, begun, settings.n_trials),
        )
    waiting = counts[TrialState.WAITING] + counts[TrialState.PAUSED]
    if counts[TrialState.RUNNING] or (waiting and not budget.is_spent()):
        left = settings.n_trials - sum(counts[state] for state in FINISHED)
        log.info(
            "%d trials are not finished, or run in other processes; to resume: %s",
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
    summary = _several(plan, best) if len(study.directions) > 1 else _one(plan, best[0])
    if len(study.directions) == 1:
        summary |= {"study_name": study.study_name, "n_trials": settings.n_trials}
    with atomic_write(paths.optimization_results_yaml) as temporary:
        OmegaConf.save(OmegaConf.create(summary), temporary)


def _several(plan: SweepPlan, best: Sequence[FrozenTrial]) -> dict[str, Any]:
    """Returns the Pareto-optimal trials in the form of Hydra's Optuna plugin."""
    solutions = [
        {"params": plan.values(t.params), "values": t.values, "trial": t.number} for t in best
    ]
    return {"name": "optuna", "solutions": solutions}


def _one(plan: SweepPlan, best: FrozenTrial) -> dict[str, Any]:
    """Returns the best trial in the form of Hydra's Optuna plugin, and its job directory."""
    return {
        "name": "optuna",
        "best_params": plan.values(best.params),
        "best_value": best.value,
        "best_trial": best.number,
        "best_job_dir": str(best.number),
    }
