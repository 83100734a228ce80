"""The objectives of a sweep: reads them from the configuration, checks them with the task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dropout_study.errors import UserError, did_you_mean
from dropout_study.sweeper.outcome import as_names, objective_names
from dropout_study.trial import Objective


@dataclass(frozen=True)
class Offer:
    """A number that a task returns, as an objective of its sweeps.

    Attributes:
        per_epoch: whether it has a value after every epoch; a pruner needs one.
        direction: "maximize" or "minimize" if only one of them makes sense.
        refusal: why it must not be an objective; empty if it may be one.
    """

    per_epoch: bool = True
    direction: str | None = None
    refusal: str = ""


def configured_objectives(config: DictConfig) -> tuple[str, ...]:
    """Returns the names of the objectives in the sweeper's configuration."""
    return objective_names(**_settings(config))


def first_objective(config: DictConfig) -> Objective | None:
    """Returns the first objective of the sweeper's configuration; None if there is none."""
    settings = _settings(config)
    if "objective" not in settings or "direction" not in settings:
        return None
    directions = as_names(settings["direction"])
    return Objective(objective_names(**settings)[0], minimize=directions[0] == "minimize")


def _settings(config: DictConfig) -> dict[str, Any]:
    return {
        name: OmegaConf.to_object(given) if OmegaConf.is_config(given) else given
        for name in ("objective", "direction")
        if (given := OmegaConf.select(config, f"hydra.sweeper.{name}")) is not None
    }


def check_objectives(
    objectives: Mapping[str, str],
    offers: Mapping[str, Offer],
    *,
    pruned: bool,
    counted: bool = False,
) -> None:
    """Checks the objectives of a sweep against those that its task offers.

    Args:
        objectives: names -> directions.
        offers: the task's offers, by name.
        pruned: whether a pruner uses the value of every epoch.
        counted: whether the epochs that are reported are counted against a budget.

    Raises:
        UserError: an objective is unknown, refused, or has no value for every epoch.
    """
    for name, direction in objectives.items():
        _check_objective(name, direction, offers)
        if offers[name].per_epoch:
            continue
        if pruned:
            raise UserError(
                f"`hydra.sweeper.objective={name}` has no value after each epoch, so a pruner has "
                "nothing to judge by; use hydra/sweeper/pruner=none"
            )
        if counted:
            raise UserError(
                f"`hydra.sweeper.objective={name}` has no value after each epoch, so "
                "hydra.sweeper.budget has nothing to count; use hydra.sweeper.n_trials"
            )


def _check_objective(name: str, direction: str, offers: Mapping[str, Offer]) -> None:
    offer = offers.get(name)
    allowed = [known for known, each in offers.items() if not each.refusal]
    if offer is None:
        raise UserError(
            f"`hydra.sweeper.objective={name}` is no number of this task"
            f"{did_you_mean(name, allowed)}"
        )
    if offer.refusal:
        raise UserError(f"`hydra.sweeper.objective={name}` is refused: {offer.refusal}")
    if offer.direction not in (None, direction):
        raise UserError(
            f"`hydra.sweeper.direction={direction}` would search for the worst `{name}`; "
            f"use hydra.sweeper.direction={offer.direction}"
        )
