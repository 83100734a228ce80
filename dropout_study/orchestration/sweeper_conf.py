"""The configuration of ``hydra/sweeper=optuna_study``; each comment is the field's manual."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import II, MISSING


@dataclass
class TPESamplerConf:
    """``hydra/sweeper/sampler=tpe``: tree-structured Parzen estimator (Bergstra et al. 2011)."""

    _target_: str = "optuna.samplers.TPESampler"
    seed: int | None = 0  # randomness at trial n is a function of (seed, n); null: of the clock
    n_startup_trials: int = 10  # trials drawn at random before the model is used
    multivariate: bool = True  # model the parameters jointly
    constant_liar: bool = True  # count running trials as bad ones, so that others differ from them


@dataclass
class RandomSamplerConf:
    """``hydra/sweeper/sampler=random``: independent uniform draws."""

    _target_: str = "optuna.samplers.RandomSampler"
    seed: int | None = 0  # randomness at trial n is a function of (seed, n); null: of the clock


@dataclass
class OptunaStudyConf:
    """``hydra/sweeper=optuna_study``.

    An application may keep ``study_name``, ``n_trials``, ``params`` and ``enqueue`` in a config
    group ``search_space``: that is where their defaults come from.
    """

    _target_: str = "hydra_plugins.dropout_study.optuna_study_sweeper.OptunaStudySweeper"
    _recursive_: bool = False
    defaults: list[Any] = field(default_factory=lambda: [{"sampler": "tpe"}])
    sampler: Any = MISSING  # an optuna sampler by _target_
    direction: str = "maximize"  # maximize or minimize the objective
    storage: str | None = None  # database URL; null: journal.log in the study's directory
    # name of the study; sweeping again under the same name resumes it; null: its directory's name
    study_name: str | None = II("oc.select:search_space.study_name,null")
    # finished trials of the whole study, resumed ones included
    n_trials: int = II("oc.select:search_space.n_trials,20")
    objective: str = "value"  # entry of a returned dict that is optimised; others become columns
    # searched parameters: dotted key -> choice(...), range(...), interval(...), tag(log, ...)
    params: Any = II("oc.select:search_space.params,{}")
    # points that are run first, each once: dotted key -> value
    enqueue: Any = II("oc.select:search_space.enqueue,[]")


def register_sweeper() -> None:
    """Makes the sweeper and its samplers known to Hydra."""
    store = ConfigStore.instance().store
    store(
        group="hydra/sweeper", name="optuna_study", node=OptunaStudyConf, provider="dropout_study"
    )
    for name, node in (("tpe", TPESamplerConf), ("random", RandomSamplerConf)):
        store(group="hydra/sweeper/sampler", name=name, node=node, provider="dropout_study")
