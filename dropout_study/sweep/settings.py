"""The sweeper's settings as typed values; ``OptunaStudyConf`` documents every field."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, cast

from omegaconf import DictConfig, OmegaConf

from dropout_study.checks import check_at_least, check_one_of, check_positive, check_share
from dropout_study.errors import argument_error
from dropout_study.sweep.outcome import as_names, objective_names

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class SweepSettings:
    """What ``hydra.sweeper`` says."""

    sampler: DictConfig
    pruner: DictConfig | None = None
    direction: str | list[str] = "maximize"
    storage: str | None = None
    study_name: str | None = None
    n_trials: int = 20
    n_jobs: int | str = "auto"
    max_failure_rate: float = 0.5
    params: dict[str, Any] = field(default_factory=dict)
    custom_search_space: str | None = None
    objective: str | list[str] = "value"
    enqueue: list[dict[str, Any]] = field(default_factory=list)
    replicates: int = 1
    seed_key: str = "trainer.seed"
    timeout: float | None = None
    trial_timeout: float | None = None
    max_retries: int = 1
    on_change: str = "refuse"
    may_change: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    callbacks: list[Any] = field(default_factory=list)
    dry_run: bool = False

    @classmethod
    def from_config(cls, sampler: DictConfig, fields: Mapping[str, Any]) -> Self:
        """Returns the settings of a composed ``hydra.sweeper``, checked.

        Raises:
            UserError: a value is out of its range.
        """
        plain: dict[str, Any] = {
            name: value if name == "pruner" else _plain(value) for name, value in fields.items()
        }
        settings = cls(sampler=sampler, **plain)
        settings.check()
        return settings

    def check(self) -> None:
        """Checks what can be checked without the study."""
        for name in ("n_trials", "replicates"):
            check_at_least(f"hydra.sweeper.{name}", getattr(self, name), low=1)
        check_at_least("hydra.sweeper.max_retries", self.max_retries, low=0)
        check_share("hydra.sweeper.max_failure_rate", self.max_failure_rate)
        for name in ("timeout", "trial_timeout"):
            if (seconds := getattr(self, name)) is not None:
                check_positive(f"hydra.sweeper.{name}", seconds)
        check_one_of("hydra.sweeper.on_change", self.on_change, ("refuse", "extend"))
        for direction in as_names(self.direction):
            check_one_of("hydra.sweeper.direction", direction, ("maximize", "minimize"))
        if len(self.objectives) != len(self.directions):
            raise argument_error(
                "hydra.sweeper.objective", self.objective, "must name one objective a direction"
            )
        if self.n_jobs != "auto" and not (isinstance(self.n_jobs, int) and self.n_jobs >= 0):
            raise argument_error(
                "hydra.sweeper.n_jobs", self.n_jobs, "must be auto or a whole number >= 0"
            )

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names of the objectives."""
        return objective_names(self.objective, self.direction)

    @property
    def directions(self) -> list[Direction]:
        """One an objective."""
        return cast("list[Direction]", list(as_names(self.direction)))

    @property
    def aim(self) -> str:
        """What is to become of the objectives: "maximize value"."""
        pairs = zip(self.directions, self.objectives, strict=True)
        return ", ".join(f"{direction} {objective}" for direction, objective in pairs)

    @property
    def jobs_at_once(self) -> int:
        """How many trials are in flight; 0 for one at a time in the sweeper's own process."""
        return cores() if self.n_jobs == "auto" else int(self.n_jobs)


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
