"""Samplers and pruners from their configs, so that a resumed study equals one never stopped.

The state of a sampler object (its random numbers, GPSampler's last fit) is lost when its process
ends. So a new sampler is built for every trial, with a seed for that trial, and reads everything
about earlier trials from the storage: TPE and GP fit again, CMA-ES reads its state from the trials,
NSGA its parents from the study, QMC its position in the sequence, the grids the tried points.
"""

import logging
import secrets
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

import optuna
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import (
    BaseSampler,
    BruteForceSampler,
    CmaEsSampler,
    GPSampler,
    GridSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial, TrialState

from dropout_study.config.instantiate import build, located
from dropout_study.errors import UserError
from dropout_study.randomness import draw_key
from dropout_study.search.earlier import EarlierTrial, as_trials, beside_own
from dropout_study.search.grid import grid_of
from dropout_study.search.paused import for_sampler
from dropout_study.search.priors import Prior
from dropout_study.search.space import SearchSpace
from dropout_study.sweeper.confs.arguments import plain_of

log = logging.getLogger(__name__)

WALKS = (GridSampler, BruteForceSampler)  # samplers that try every point once and then stop
RANDOM = "optuna.samplers.RandomSampler"
ONE_SEED = (GridSampler, QMCSampler)  # their seed fixes one sequence; trial n takes its entry n
RANDOM_FIRST = (RandomSampler, TPESampler, GPSampler)
"""Samplers that draw trials at random: all, or the first."""
UNTAUGHT = (RandomSampler, *WALKS, QMCSampler, NSGAIISampler, NSGAIIISampler)
"""Samplers that cannot learn from trials of another study."""
STARTUP = 10  # Optuna's default of `n_startup_trials`, of TPE and of GPSampler
SPACE_CACHE = "_search_space"
"""The intersection search space of a study, kept from trial to trial as TPE and others do. It
follows from the study alone; computing it again takes a third of an ask at 10,000 trials."""


class SeededByTrial(BaseSampler):
    """The sampler of a study: uses for each trial a sampler built for the trial's number.

    The number is known only when the trial exists. So several processes can ask one study, and
    each trial still gets the randomness of its own number. It learns from paused trials as from
    pruned ones.

    Args:
        conf: the sampler's configuration.
        space: what the study searches.
        priors: from which the values are drawn that the sampler would draw evenly at random.

    Raises:
        UserError: the sampler cannot be built, or it has no use for priors.
    """

    def __init__(
        self, conf: DictConfig, space: SearchSpace, priors: Mapping[str, Prior] | None = None
    ) -> None:
        self._conf = _with_one_seed(conf)
        self._space = space
        self._priors = priors or {}
        self._latest = build_sampler(self._conf, 0, space)
        self._running: dict[int, BaseSampler] = {}
        self._earlier: list[FrozenTrial] = []
        if self._priors and not isinstance(self._latest, RANDOM_FIRST):
            raise UserError(
                f"the prior of `{next(iter(self._priors))}` cannot be used by "
                f"{type(self._latest).__name__}; use hydra/sweeper/sampler=tpe, gp or random"
            )

    def learn_from(self, earlier: Sequence[EarlierTrial]) -> None:
        """Shows the sampler trials of earlier studies beside those of its own."""
        self._earlier = as_trials(earlier, self._space)
        self._running.clear()

    def check_learns(self) -> None:
        """Refuses a sampler that cannot learn from earlier studies, or would not use its priors."""
        if self._priors:
            raise UserError(
                "with hydra.sweeper.warm_start the sampler does not begin with random trials, in "
                f"which the prior of `{next(iter(self._priors))}` would be used; leave one out"
            )
        if isinstance(self._latest, UNTAUGHT):
            name = type(self._latest).__name__
            raise UserError(
                f"`hydra.sweeper.warm_start` has no use for {name}, which does not learn from "
                "trials of another study; use hydra/sweeper/sampler=tpe, gp or cmaes"
            )

    @property
    def walks(self) -> bool:
        """Whether it tries every point once and then stops."""
        return isinstance(self._latest, WALKS)

    @property
    def walks_all(self) -> bool:
        """Whether it tries every combination, also of values that a condition leaves unused."""
        return isinstance(self._latest, GridSampler)

    def _at(self, number: int) -> BaseSampler:
        if number not in self._running:
            sampler = build_sampler(self._conf, number, self._space, self._earlier)
            if hasattr(self._latest, SPACE_CACHE):
                setattr(sampler, SPACE_CACHE, getattr(self._latest, SPACE_CACHE))
            self._running[number] = self._latest = sampler
        return self._running[number]

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Builds a new sampler for the trial that begins."""
        self._running.pop(trial.number, None)
        self._at(trial.number).before_trial(for_sampler(study), trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Returns the space of the parameters that are drawn jointly."""
        seen = self._seen(study)
        return self._at(trial.number).infer_relative_search_space(seen, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draws the parameters that are drawn jointly."""
        return self._at(trial.number).sample_relative(self._seen(study), trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draws one parameter."""
        sampler = self._at(trial.number)
        if param_name in self._priors and self._begins(study, sampler):
            seed = _seed(self._conf.get("seed"), trial.number)
            random = Random(None if seed is None else f"{seed} {param_name}")
            return self._priors[param_name].draw(param_distribution, random)
        seen = self._seen(study)
        return sampler.sample_independent(seen, trial, param_name, param_distribution)

    def _begins(self, study: optuna.Study, sampler: BaseSampler) -> bool:
        """Returns whether the sampler draws the present trial at random."""
        if isinstance(sampler, RandomSampler):
            return True
        states = (TrialState.COMPLETE, TrialState.PRUNED)
        counted = states[: 1 if isinstance(sampler, GPSampler) else 2]
        ended = self._seen(study).get_trials(deepcopy=False, states=counted)
        return len(ended) < int(self._conf.get("n_startup_trials", STARTUP))

    def _seen(self, study: optuna.Study) -> optuna.Study:
        """Returns the study as the sampler sees it: earlier trials first, paused ones as pruned.

        CMA-ES takes earlier trials in its own way.
        """
        seen = for_sampler(study)
        if not self._earlier or isinstance(self._latest, CmaEsSampler):
            return seen
        return beside_own(seen, self._earlier)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Ends a trial. ``WALKS`` are not called: they only stop ``Study.optimize``, not used."""
        if not self.walks:
            self._at(trial.number).after_trial(for_sampler(study), trial, state, values)
        self._running.pop(trial.number, None)


def build_sampler(
    conf: DictConfig, number: int, space: SearchSpace, earlier: Sequence[FrozenTrial] = ()
) -> BaseSampler:
    """Returns the sampler for trial ``number``: its randomness is a function of (seed, number).

    Args:
        conf: the sampler's configuration with ``_target_``; samplers in its arguments are seeded,
            too.
        number: the trial's number.
        space: the search space; also the grid of GridSampler.
        earlier: complete trials of other studies, from which CMA-ES starts (Nomura et al. 2021,
            Warm Starting CMA-ES for Hyperparameter Optimization).

    Raises:
        UserError: the sampler cannot be built, or the space has no grid that it needs.
    """
    given = plain_of("sampler", conf)
    arguments = _seeded(given, number)
    if _is_a(given, GridSampler):
        # The grid's values are not resolved here: `${x}` in one is resolved by the job.
        arguments = {**arguments, "search_space": None, "_partial_": True}
        grid: BaseSampler = _build("sampler", arguments, BaseSampler, search_space=grid_of(space))
        return grid
    if earlier and _is_a(given, CmaEsSampler):
        arguments = {**arguments, "_partial_": True}
        built: BaseSampler = _build("sampler", arguments, BaseSampler, source_trials=list(earlier))
        return _guarded(built)
    if _is_a(given, QMCSampler) and given.get("independent_sampler") is None:
        seed = _seed(given.get("seed"), number)
        arguments["independent_sampler"] = {"_target_": RANDOM, "seed": seed}
    return _guarded(_build("sampler", arguments, BaseSampler))


def _guarded(sampler: BaseSampler) -> BaseSampler:
    """Returns the sampler, which unpickles nothing from the storage but its own state."""
    if isinstance(sampler, CmaEsSampler):
        from dropout_study.search.cmaes_state import read_only_states

        read_only_states(sampler)
    return sampler


def build_pruner(conf: DictConfig | None) -> BasePruner:
    """Returns the pruner of ``conf``; without ``conf`` a pruner that never prunes.

    Raises:
        UserError: the pruner cannot be built.
    """
    if conf is None:
        return NopPruner()
    pruner: BasePruner = _build("pruner", plain_of("pruner", conf), BasePruner)
    return pruner


def _build(role: str, arguments: Mapping[str, Any], kind: type, **more: Any) -> Any:
    with warnings.catch_warnings(record=True) as deprecations:
        warnings.simplefilter("always", FutureWarning)
        warnings.simplefilter("ignore", ExperimentalWarning)  # the user has chosen it by name
        built = build(f"hydra.sweeper.{role}", dict(arguments), _convert_="all")
        if more:
            built = built(**more)
    if not isinstance(built, kind):
        raise UserError(
            f"`hydra.sweeper.{role}._target_` must return an Optuna {role}, "
            f"got {type(built).__name__}"
        )
    _tell_deprecated(role, arguments, [str(each.message) for each in deprecations])
    return built


def _tell_deprecated(role: str, arguments: Mapping[str, Any], messages: Sequence[str]) -> None:
    """Warns of deprecated arguments, once a process: a sampler is built for every trial."""
    old = [name for name in arguments if any(f"`{name}`" in each for each in messages)]
    line = (
        f"leave out {', '.join(f'`hydra.sweeper.{role}.{name}`' for name in old)}: "
        "deprecated in Optuna"
        if old
        else " ".join(" ".join(messages).split())
    )
    if messages:
        _warn_once(line)


@cache
def _warn_once(line: str) -> None:
    log.warning(line)


def _seeded(node: Any, number: int) -> Any:
    """Returns ``node`` with the seeds of all samplers in it replaced by seeds for the trial."""
    if isinstance(node, list):
        return [_seeded(element, number) for element in node]
    if not isinstance(node, dict):
        return node
    seeded = {key: _seeded(value, number) for key, value in node.items()}
    if "_target_" in node and "seed" in node and not _is_a(node, *ONE_SEED):
        seeded["seed"] = _seed(node["seed"], number)
    return seeded


def _seed(seed: int | None, number: int) -> int | None:
    """Returns the seed of a trial's sampler, in numpy's range; None stays None."""
    return None if seed is None else draw_key(seed, "sampler", number) % 2**32


def _with_one_seed(conf: DictConfig) -> DictConfig:
    """Returns ``conf``; a null seed that all trials must share is drawn here, once."""
    plain = plain_of("sampler", conf)
    if not _is_a(plain, *ONE_SEED) or plain.get("seed") is not None:
        return conf
    return OmegaConf.create({**plain, "seed": secrets.randbits(32)})


def _is_a(arguments: Mapping[str, Any], *kinds: type) -> bool:
    target = arguments["_target_"]
    try:
        found = located(target) if isinstance(target, str) else target
    except (ImportError, ValueError):
        return False  # `instantiate` raises the error later
    return isinstance(found, type) and issubclass(found, kinds)
