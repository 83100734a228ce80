"""Checks whether a sweep can have its pruner and its budget, before the first trial."""

from collections.abc import Mapping
from typing import Any

from optuna.pruners import BasePruner

from dropout_study.errors import UserError, argument_error
from dropout_study.search.pruners.promotion import PauseAndPromotePruner
from dropout_study.sweeper.settings import SweepSettings

BUDGET = "hydra.sweeper.budget"
PAUSES = "hydra/sweeper/pruner=pause_and_promote"


def check_early_ends(
    settings: SweepSettings, pruner: BasePruner, longest: int | None = None
) -> None:
    """Checks the pruner and the budget of a sweep.

    Args:
        settings: the sweeper's settings.
        pruner: the study's pruner.
        longest: epochs of the longest trial; None if they are not known.

    Raises:
        UserError: the pruner or the budget has nothing to judge by, or would never act.
    """
    pauses = isinstance(pruner, PauseAndPromotePruner)
    if not pauses and PauseAndPromotePruner.__name__ in str(settings.pruner):
        raise UserError(f"{PAUSES} cannot be wrapped: another pruner would end what it pauses")
    needs = [name for name, used in {BUDGET: settings.budget, PAUSES: pauses}.items() if used]
    for need in needs:
        _check_reported(need, settings)
    rung = _first_rung(settings.pruner)
    if settings.budget is not None and rung is not None and settings.budget < rung:
        raise argument_error(
            BUDGET,
            settings.budget,
            f"must reach the first rung, hydra.sweeper.pruner.min_resource={rung}",
        )
    if pauses and longest is not None and rung is not None and rung >= longest:
        raise argument_error(
            "hydra.sweeper.pruner.min_resource",
            rung,
            f"must be below the {longest} epochs of the longest trial: there no trial pauses",
        )


def _check_reported(need: str, settings: SweepSettings) -> None:
    """Refuses studies whose trials do not report their steps to Optuna."""
    if len(settings.directions) > 1:
        raise UserError(
            f"{need} needs one objective: a trial with {len(settings.directions)} reports no steps"
        )
    if settings.replicates > 1:
        raise UserError(
            f"{need} needs hydra.sweeper.replicates=1: a trial of {settings.replicates} jobs "
            "reports a value a job, not a step; confirm the best trials with several seeds"
        )


def _first_rung(pruner: Mapping[Any, Any] | None) -> int | None:
    rung = None if pruner is None else pruner.get("min_resource")
    return rung if isinstance(rung, int) else None
