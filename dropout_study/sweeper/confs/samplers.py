"""The group ``hydra/sweeper/sampler``: Optuna's samplers with Optuna's own defaults.

The comment at each field describes it. An object is given by its ``_target_``. Arguments that
Optuna has deprecated are no fields; a file may still set them, the command line with a ``+``. Any
other class is used by ``sampler=custom``::

    hydra/sweeper/sampler=custom hydra.sweeper.sampler._target_=my_package.MySampler
    +hydra.sweeper.sampler.seed=0

The default of ``seed`` is 0 instead of Optuna's null, so that a sweep can be repeated: the
randomness of trial n is a function of (seed, n). With null every sweep differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from dropout_study.sweeper.confs.store import store

GROUP = "hydra/sweeper/sampler"
OWN = "optuna_study_"  # prefix of the options' names, which no other plugin uses


@dataclass
class TPESamplerConf:
    """``sampler=tpe``: tree-structured Parzen estimator (Bergstra et al. 2011)."""

    _target_: str = "optuna.samplers.TPESampler"
    seed: int | None = 0  # randomness at trial n is a function of (seed, n); null: of the clock
    n_startup_trials: int = 10  # trials drawn at random before the model is used
    n_ei_candidates: int = 24  # candidates among which the expected improvement is maximised
    multivariate: bool | None = None  # model parameters jointly; null: if there is one objective
    group: bool = False  # with `when:` parameters, model those jointly that occur together
    constant_liar: bool = True  # count running trials as bad, so that new ones differ from them


@dataclass
class RandomSamplerConf:
    """``sampler=random``: independent uniform draws."""

    _target_: str = "optuna.samplers.RandomSampler"
    seed: int | None = 0  # randomness at trial n is a function of (seed, n); null: of the clock


@dataclass
class GridSamplerConf:
    """``sampler=grid``: every combination of choices, ranges and integers, each once.

    An interval of floats has no grid: give it a step, as in ``range(0, 0.9, 0.1)``. Parameters with
    ``when:`` need ``sampler=brute_force``.
    """

    _target_: str = "optuna.samplers.GridSampler"
    seed: int | None = 0  # shuffles the order of the points, once for the whole study


@dataclass
class BruteForceSamplerConf:
    """``sampler=brute_force``: every combination, each once, parameters with ``when:`` included."""

    _target_: str = "optuna.samplers.BruteForceSampler"
    seed: int | None = 0  # randomness at trial n is a function of (seed, n); null: of the clock
    avoid_premature_stop: bool = False  # count points still running as not yet tried


@dataclass
class GPSamplerConf:
    """``sampler=gp``: Gaussian process, for few, long trials (it takes 0.3 s and more for each)."""

    _target_: str = "optuna.samplers.GPSampler"
    seed: int | None = 0  # randomness at trial n is a function of (seed, n); null: of the clock
    independent_sampler: Any = None  # for parameters that the model cannot draw; null: random
    n_startup_trials: int = 10  # trials drawn at random before the model is used
    deterministic_objective: bool = False  # equal params always give an equal value
    warn_independent_sampling: bool = True  # say when the model could not be used


@dataclass
class CmaEsSamplerConf:
    """``sampler=cmaes``: covariance matrix adaptation (Hansen 2016); numbers, no choices."""

    _target_: str = "optuna.samplers.CmaEsSampler"
    seed: int | None = 0  # randomness at trial n is a function of (seed, n); null: of the clock
    n_startup_trials: int = 1  # trials drawn at random before the model is used
    independent_sampler: Any = None  # for choices and the first trials; null: random
    warn_independent_sampling: bool = True  # say when the model could not be used
    consider_pruned_trials: bool = False  # learn from pruned trials, too
    popsize: int | None = None  # trials in a generation; null: 4 + floor(3 ln(parameters))
    use_separable_cma: bool = False  # a diagonal covariance: for many independent parameters
    with_margin: bool = False  # keep integers and steps from being fixed too early
    lr_adapt: bool = False  # adapt the learning rate: for noisy, multimodal objectives
    source_trials: Any = None  # trials of a similar study to start from


@dataclass
class QMCSamplerConf:
    """``sampler=qmc``: a low-discrepancy sequence, which fills the space more evenly than random.

    A power of two is a good ``n_trials`` for sobol.
    """

    _target_: str = "optuna.samplers.QMCSampler"
    qmc_type: str = "sobol"  # the sequence: sobol or halton
    scramble: bool = False  # randomise the sequence, by the seed
    seed: int | None = 0  # one for the whole study: fixes the scramble; null: of the clock
    independent_sampler: Any = None  # for the first trial and parameters with `when:`; null: random
    warn_asynchronous_seeding: bool = True  # say when processes would scramble differently
    warn_independent_sampling: bool = True  # say when the sequence could not be used


@dataclass
class NSGAIISamplerConf:
    """``sampler=nsgaii``: evolution for several objectives (Deb et al. 2002)."""

    _target_: str = "optuna.samplers.NSGAIISampler"
    population_size: int = 50  # trials in a generation
    mutation: Any = None  # changes a value; null: it is drawn again at random
    mutation_prob: float | None = None  # of each parameter; null: 1 / parameters
    crossover: Any = None  # mixes parents; null: uniform
    crossover_prob: float = 0.9  # of mixing parents rather than copying one
    swapping_prob: float = 0.5  # of taking a parameter from the other parent
    seed: int | None = 0  # randomness at trial n is a function of (seed, n); null: of the clock
    elite_population_selection_strategy: Any = None  # selects the survivors; null: as published
    child_generation_strategy: Any = None  # makes the children; null: as published
    after_trial_strategy: Any = None  # called after each trial; null: nothing


@dataclass
class NSGAIIISamplerConf(NSGAIISamplerConf):
    """``sampler=nsgaiii``: evolution for many objectives (Deb & Jain 2014)."""

    _target_: str = "optuna.samplers.NSGAIIISampler"
    reference_points: Any = None  # array [points, objectives]; null: evenly spaced
    dividing_parameter: int = 3  # divisions of each objective's axis for evenly spaced points


SAMPLERS = {
    "tpe": TPESamplerConf,
    "random": RandomSamplerConf,
    "grid": GridSamplerConf,
    "brute_force": BruteForceSamplerConf,
    "gp": GPSamplerConf,
    "cmaes": CmaEsSamplerConf,
    "qmc": QMCSamplerConf,
    "nsgaii": NSGAIISamplerConf,
    "nsgaiii": NSGAIIISamplerConf,
}


def register_samplers() -> None:
    """Makes the options ``hydra/sweeper/sampler=optuna_study_NAME`` known to Hydra."""
    for name, conf in _options().items():
        store(GROUP, f"{OWN}{name}", conf)


def register_short_names() -> None:
    """Makes the options ``hydra/sweeper/sampler=NAME`` known, except those of another plugin."""
    for name, conf in _options().items():
        store(GROUP, name, conf)


def _options() -> Mapping[str, type | Mapping[str, Any]]:
    """Returns the samplers by name, with ``custom`` and with one that Optuna has removed."""
    other = {"_target_": MISSING}  # no fields: other classes have other arguments
    motpe = {"_target_": "optuna.samplers.MOTPESampler", "seed": 0}
    return {**SAMPLERS, "custom": other, "motpe": motpe}
