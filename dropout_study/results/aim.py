"""What a study optimises, from the configuration in its directory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dropout_study.sweeper.outcome import minimizes, objective_names


@dataclass(frozen=True)
class Aim:
    """What a study optimises, as recorded in its directory.

    Attributes:
        objectives: the names of the objectives.
        directions: "minimize" or "maximize", for each of them.
        epochs: from which epochs a trial's numbers are taken: ``trainer.objective``.
    """

    objectives: tuple[str, ...] = ("value",)
    directions: tuple[str, ...] = ("maximize",)
    epochs: str = "last"

    @property
    def minimize(self) -> bool:
        """Whether the smallest value of a single objective is the best."""
        return minimizes(self.directions)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Aim":
        """Returns the aim from a sweep's configuration; what is not a name there is not known."""
        sweeper = _node(_node(config, "hydra"), "sweeper")
        objectives = _names(sweeper.get("objective")) or cls.objectives
        directions = _names(sweeper.get("direction")) or cls.directions
        epochs = _node(config, "trainer").get("objective") or cls.epochs
        return cls(objective_names(objectives, directions), directions, str(epochs))


def _names(setting: Any) -> tuple[str, ...]:
    """Returns a text or a list of texts as a tuple of them; () for anything else."""
    given = setting if isinstance(setting, list) else [setting]
    return tuple(given) if all(isinstance(each, str) and each for each in given) else ()


def _node(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    node = config.get(key)
    return node if isinstance(node, Mapping) else {}
