"""The sweeper's settings as typed values; ``OptunaStudyConf`` documents every field."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, Self, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dropout_study.checks import check_at_least, check_one_of, check_positive, check_share
from dropout_study.errors import UserError, argument_error, did_you_mean
from dropout_study.search.storage.urls import file_of
from dropout_study.sweeper.confs.arguments import arguments_of, as_declared
from dropout_study.sweeper.confs.samplers import TPESamplerConf
from dropout_study.sweeper.confs.sweeper import OptunaStudyConf
from dropout_study.sweeper.outcome import as_names, objective_names
from dropout_study.sweeper.workers.gpus import VISIBLE, chosen_gpus

ROLES = ("sampler", "pruner")
Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class SweepSettings:
    """The settings in ``hydra.sweeper``."""

    sampler: DictConfig
    pruner: DictConfig | None = None
    direction: str | list[str] = "minimize"
    storage: str | None = None
    storage_timeout: float = 300
    share_files: bool | None = None
    study_name: str | None = None
    n_trials: int = 20
    budget: int | None = None
    n_jobs: int | str = "auto"
    gpus: Any = None
    max_failure_rate: float = 0.0
    params: dict[str, Any] = field(default_factory=dict)
    points: list[dict[str, Any]] = field(default_factory=list)
    custom_search_space: str | None = None
    objective: str | list[str] = "value"
    enqueue: list[dict[str, Any]] = field(default_factory=list)
    warm_start: list[str] = field(default_factory=list)
    duplicates: str = "run"
    replicates: int = 1
    seed_key: str | None = None
    timeout: float | None = None
    trial_timeout: float | None = None
    max_retries: int = 1
    on_change: str = "refuse"
    may_change: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    callbacks: list[Any] = field(default_factory=list)
    wait_for_others: bool = True
    dry_run: bool = False

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """Returns the checked settings in the ``hydra.sweeper`` of a composed configuration.

        Raises:
            UserError: a setting is unknown, or its value is of another type or out of its range.
        """
        sweeper = config.hydra.sweeper
        known = {each.name for each in fields(OptunaStudyConf)}
        for name in map(str, sweeper):
            if name not in known:
                raise UserError(
                    f"`hydra.sweeper.{name}` is no setting of the sweeper"
                    f"{did_you_mean(name, sorted(known))}"
                )
        given: dict[str, Any] = {
            name: _setting(name, _value(sweeper, name))
            for name in map(str, sweeper)
            if name not in ("_target_", "_recursive_", *ROLES)
        }
        given |= {role: part_of(role, config.hydra) for role in ROLES}
        settings = cls(**given)
        settings.check()
        return settings

    def check(self) -> None:
        """Checks what can be checked without the study."""
        for name in ("n_trials", "replicates"):
            check_at_least(f"hydra.sweeper.{name}", getattr(self, name), low=1)
        if self.budget is not None:
            check_at_least("hydra.sweeper.budget", self.budget, low=1)
        check_at_least("hydra.sweeper.max_retries", self.max_retries, low=0)
        check_share("hydra.sweeper.max_failure_rate", self.max_failure_rate)
        check_at_least("hydra.sweeper.storage_timeout", self.storage_timeout, low=0)
        for name in ("timeout", "trial_timeout"):
            if (seconds := getattr(self, name)) is not None:
                check_positive(f"hydra.sweeper.{name}", seconds)
        check_one_of("hydra.sweeper.on_change", self.on_change, ("refuse", "extend"))
        check_one_of("hydra.sweeper.duplicates", self.duplicates, ("run", "reuse"))
        for name in ("direction", "objective"):
            _check_names(f"hydra.sweeper.{name}", getattr(self, name))
        for direction in as_names(self.direction):
            check_one_of("hydra.sweeper.direction", direction, ("minimize", "maximize"))
        for point in self.enqueue:
            if not isinstance(point, Mapping):
                raise argument_error(
                    "hydra.sweeper.enqueue", point, "must be a list of points, as {lr: 0.1}"
                )
        for directory in self.warm_start:
            if not isinstance(directory, str) or not directory:
                rule = "must be a list of directories of studies, as [outputs/first]"
                raise argument_error("hydra.sweeper.warm_start", directory, rule)
        if self.warm_start and self.points:
            raise UserError(
                "hydra.sweeper.points is the whole study, so hydra.sweeper.warm_start has no use"
            )
        if len(self.objectives) != len(self.directions):
            raise argument_error(
                "hydra.sweeper.objective", self.objective, "must name one objective a direction"
            )
        if self.n_jobs != "auto" and not (isinstance(self.n_jobs, int) and self.n_jobs >= 0):
            raise argument_error(
                "hydra.sweeper.n_jobs", self.n_jobs, "must be auto or a whole number >= 0"
            )
        if self.gpu_names and self.n_jobs == 0:
            raise UserError(
                "hydra.sweeper.gpus is for worker processes, and with hydra.sweeper.n_jobs=0 "
                f"trials run in this one; set {VISIBLE} for it instead"
            )

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names of the objectives."""
        return objective_names(self.objective, self.direction)

    @property
    def directions(self) -> list[Direction]:
        """The directions, one for each objective."""
        return cast("list[Direction]", list(as_names(self.direction)))

    @property
    def aim(self) -> str:
        """The directions and names of the objectives, e.g. "maximize value"."""
        pairs = zip(self.directions, self.objectives, strict=True)
        return ", ".join(f"{direction} {objective}" for direction, objective in pairs)

    @cached_property
    def gpu_names(self) -> list[str]:
        """The GPUs of the workers, as ``CUDA_VISIBLE_DEVICES`` names them; none if not asked."""
        return chosen_gpus(self.gpus)

    @property
    def shares_files(self) -> bool:
        """Whether the files of trials reach other processes through the storage."""
        on_server = self.storage is not None and file_of(self.storage) is None
        return on_server if self.share_files is None else self.share_files

    @property
    def jobs_at_once(self) -> int:
        """How many trials run at a time; 0 for one at a time in the sweeper's own process."""
        auto = len(self.gpu_names) or cores()
        return auto if self.n_jobs == "auto" else int(self.n_jobs)


def _setting(name: str, value: Any) -> Any:
    """Returns a setting in its declared type; null becomes an empty list or mapping."""
    declared = {each.name: each for each in fields(SweepSettings)}[name]
    if value is None and declared.default_factory is not MISSING:
        return declared.default_factory()
    schema = OmegaConf.structured(OptunaStudyConf)
    return as_declared(f"hydra.sweeper.{name}", value, schema, name)


def part_of(role: str, hydra: DictConfig) -> DictConfig | None:
    """Returns the configuration of the sweeper's sampler or pruner.

    Args:
        role: ``sampler`` or ``pruner``.
        hydra: the node ``hydra`` of a composed configuration.
    """
    sweeper, choices = hydra.sweeper, hydra.runtime.choices
    if OmegaConf.is_missing(sweeper, role) or role not in sweeper:
        conf: Any = None if role == "pruner" else {"_target_": TPESamplerConf._target_}
    else:
        conf = _value(sweeper, role)
    if conf is None and role == "pruner":
        return None
    arguments = arguments_of(role, conf, choices.get(f"hydra/sweeper/{role}"))
    return OmegaConf.create(arguments, flags={"allow_objects": True})


def _value(sweeper: DictConfig, name: str) -> Any:
    """Returns a setting as plain data, with its interpolations resolved."""
    try:
        value = sweeper[name]
        return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
    except OmegaConfBaseException as error:
        told = str(error).splitlines()[0]
        raise UserError(f"`hydra.sweeper.{name}` cannot be read: {told}") from error


def _check_names(name: str, value: Any) -> None:
    """Checks for a text, or a list of at least one text."""
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise argument_error(name, value, "must be a text, or a list of texts for several")


def cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
