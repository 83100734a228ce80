"""Prepares a sweep: its plan, the configuration its trials share, its first points, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import optuna
from hydra.errors import HydraException
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from dropout_study.config.compose import Composer, as_given
from dropout_study.config.explain import explain
from dropout_study.config.instantiate import function_at
from dropout_study.config.keys import normal_key
from dropout_study.errors import UserError
from dropout_study.search.conditions import search_order, suggest
from dropout_study.search.grid import n_points
from dropout_study.search.identity import Identity
from dropout_study.search.space import Params
from dropout_study.sweeper.marks import epochs_key, marked
from dropout_study.sweeper.planning.candidates import Candidates, candidates_of, check_known
from dropout_study.sweeper.planning.enqueued import first_points
from dropout_study.sweeper.planning.objective import check_objectives
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.planning.planned import POINT, plan_points, plan_sweep
from dropout_study.sweeper.settings import SweepSettings

CUSTOM = "hydra.sweeper.custom_search_space"


@dataclass(frozen=True)
class Prepared:
    """A sweep that has passed all checks.

    Attributes:
        settings: the sweeper's settings; for a study of given points with their number of trials.
        plan: the plan of the sweep.
        config: a job's configuration with the fixed overrides and the first option of each
            searched group.
        first: the points that are run first, in stored values.
        composer: composes the jobs' configurations.
        whole: the composed configuration of the sweep.
        longest: epochs of the longest trial, if the task names their key.
        kinds: a configuration of each kind of job, see ``Candidates``.
    """

    settings: SweepSettings
    plan: SweepPlan
    config: DictConfig
    first: list[Params]
    composer: Composer
    whole: DictConfig
    longest: int | None = None
    kinds: Sequence[DictConfig] = ()

    @cached_property
    def fixed(self) -> Mapping[str, Any]:
        """The values of keys in conditions that are not searched."""
        return fixed_values(self.plan, self.config)

    def suggest(self, trial: optuna.Trial) -> list[str]:
        """Suggests the parameters of a trial; returns their names in the order of the space."""
        names = list(suggest(trial, self.plan.space, self.plan.conditions, self.fixed))
        if self.settings.custom_search_space is not None:
            function_at(CUSTOM, self.settings.custom_search_space)(self.whole, trial)
        return [*names, *(name for name in trial.params if name not in names)]

    def identity(self) -> Identity:
        """Returns the identity of the study: all that its trials share."""
        config = OmegaConf.to_container(self.config)
        assert isinstance(config, dict)
        for key in ("hydra", *self.settings.may_change, *self.plan.owners):
            _drop(config, _path(normal_key(key)))
        facts: dict[str, Any] = {
            "objectives": dict(
                zip(self.settings.objectives, self.settings.directions, strict=True)
            ),
            "conditions": self.plan.conditions,
            "constraints": self.settings.constraints,
            "replicates": self.settings.replicates,
            "sampler.seed": self.settings.sampler.get("seed"),
        }
        if self.plan.priors:
            facts["priors"] = {name: asdict(prior) for name, prior in self.plan.priors.items()}
        if self.settings.warm_start:
            facts["warm_start"] = self.settings.warm_start
        if texts := self.plan.texts:
            facts["choices"] = texts
        own = {str(key): value for key, value in config.items()}
        return Identity.of(self.plan.space, {"hydra.sweeper": facts, **own})


def prepare(
    settings: SweepSettings,
    arguments: Sequence[str],
    config: DictConfig,
    context: HydraContext,
    task_function: TaskFunction,
) -> Prepared:
    """Plans and checks a sweep.

    Args:
        settings: the sweeper's settings.
        arguments: overrides from the command line, sweeps included.
        config: the composed configuration of the sweep.
        context: Hydra's context.
        task_function: the application's task function, with its marks.

    Raises:
        UserError: nothing is searched, a key or an option does not exist, or a candidate is
            refused.
    """
    loader = context.config_loader
    if settings.custom_search_space is not None:
        function_at(CUSTOM, settings.custom_search_space)
    if settings.points:
        plan = plan_points(settings.points, arguments, loader)
    else:
        plan = plan_sweep(settings.params, arguments, loader)
    if not plan.space and settings.custom_search_space is None:
        raise UserError(
            "the search space is empty; give a parameter a distribution, as in "
            "'lr=interval(0,1)', or `hydra.sweeper.params`"
        )
    search_order(plan.space, plan.conditions)  # conditions that wait for each other
    composer = Composer(loader, config)
    shared = _shared_config(plan, composer)
    candidates = Candidates(
        plan,
        lambda overrides: composer.job_config(overrides, 0),
        fixed_values(plan, shared),
    )
    longest = _check(candidates, task_function)
    asked = {key for condition in plan.conditions.values() for key in condition}
    check_known(
        "is in a condition (`when`)", {k: k for k in asked - set(plan.space)}, candidates.keys
    )
    _check_objectives(settings, shared, task_function)
    if settings.points:
        points = list(plan.parameters[POINT].choices)
        first: list[Params] = [{POINT: point} for point in points]
        settings = replace(settings, n_trials=_n_trials(settings, len(points), config))
    else:
        first = first_points(settings.enqueue, plan, candidates.keys, shared, composer)
    kinds = list(candidates.kinds.values())
    return Prepared(settings, plan, shared, first, composer, config, longest, kinds)


def _check(candidates: Candidates, task_function: TaskFunction) -> int | None:
    """Checks all candidates; returns the epochs of the longest, if the task names their key."""
    check, key = marked(task_function, "checks"), epochs_key(task_function)
    epochs: list[int] = []

    def look_at(config: DictConfig) -> None:
        if check is not None:
            check(config)
        if key is not None and isinstance(number := OmegaConf.select(config, key), int):
            epochs.append(number)

    candidates.check(look_at)
    return max(epochs, default=None)


def total_trials(ready: Prepared, walks: bool) -> int:
    """Returns the study's number of trials; at most one a point if the sampler tries every point.

    Args:
        ready: the sweep, planned and checked.
        walks: whether the sampler tries every point once.
    """
    settings, plan = ready.settings, ready.plan
    if not walks or settings.custom_search_space is not None:
        return settings.n_trials
    points = n_points(plan.space, plan.conditions, ready.fixed)
    return min(settings.n_trials, points + len(ready.first))


def check_full_grid(plan: SweepPlan, points: Sequence[Params]) -> None:
    """Checks a space for Optuna's grid, which supports neither conditions nor incomplete points.

    Raises:
        UserError: a parameter has a condition, or an enqueued point lacks a parameter.
    """
    for name in plan.conditions:
        raise UserError(
            f"hydra/sweeper/sampler=grid tries every combination and supports no `when`, which "
            f"`{name}` has; use hydra/sweeper/sampler=brute_force"
        )
    for point in points:
        for name in plan.space.keys() - point.keys():
            raise UserError(
                "with hydra/sweeper/sampler=grid an enqueued point must give every parameter, but "
                f"{plan.values(point)} has no `{name}`; use hydra/sweeper/sampler=brute_force"
            )


def _check_objectives(
    settings: SweepSettings, config: DictConfig, task_function: TaskFunction
) -> None:
    """Refuses an objective that the task does not have."""
    if (offered := marked(task_function, "objectives")) is None:
        return
    objectives = dict(zip(settings.objectives, settings.directions, strict=True))
    target = settings.pruner and str(settings.pruner.get("_target_"))
    prunes = target is not None and not str(target).endswith("NopPruner")
    # Optuna prunes no study with several objectives; a replicate reports only its end.
    pruned = prunes and len(objectives) == 1 == settings.replicates
    counted = settings.budget is not None
    check_objectives(objectives, offered(config), pruned=pruned, counted=counted)


def _n_trials(settings: SweepSettings, points: int, config: DictConfig) -> int:
    """Returns how many points are run: all, or fewer if ``n_trials`` is set."""
    given = as_given(config.hydra.overrides.hydra)
    asked = any(each.startswith("hydra.sweeper.n_trials=") for each in given)
    return min(points, settings.n_trials) if asked else points


def _shared_config(plan: SweepPlan, composer: Composer) -> DictConfig:
    """Returns the configuration with the fixed overrides and the first options of searched groups.

    The options are needed: a group without a default option could not be composed.
    """
    overrides: list[str] = []
    for entry in plan.entries:
        if isinstance(entry, str):
            overrides.append(entry)
        else:
            settings = entry.settings(candidates_of(entry)[0])
            overrides += [s.override for key, s in settings.items() if composer.is_group(key)]
    try:
        return composer.job_config(overrides, 0)
    except (HydraException, ValueError) as error:
        raise UserError(explain(error)) from error


def fixed_values(plan: SweepPlan, config: DictConfig) -> Mapping[str, Any]:
    """Returns the values of keys in conditions that are not searched."""
    keys = {key for condition in plan.conditions.values() for key in condition} - set(plan.space)
    choices = config.hydra.runtime.choices
    return {key: choices.get(key, _selected(config, key)) for key in keys}


def _selected(config: DictConfig, key: str) -> Any:
    value = OmegaConf.select(config, key)
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _path(key: str) -> list[str]:
    """Returns the path, in a configuration, of a key's value or options."""
    group, _, package = key.partition("@")
    return (package or group.replace("/", ".")).split(".")


def _drop(node: Any, path: Sequence[str]) -> None:
    """Removes a dotted key from nested dicts and lists, if it is there."""
    for name in path[:-1]:
        node = _child(node, name)
    if isinstance(node, dict):
        node.pop(path[-1], None)
    elif _child(node, path[-1]) is not None:
        node[int(path[-1])] = None


def _child(node: Any, name: str) -> Any:
    if isinstance(node, list) and name.isdigit() and int(name) < len(node):
        return node[int(name)]
    return node.get(name) if isinstance(node, dict) else None
