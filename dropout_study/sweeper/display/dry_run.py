"""Prints what a sweep would do. It writes no file of the study.

The cost is an estimate: one timed epoch (which also puts the data set into the cache, if it is not
there yet) times the epochs of an average point. Pruning and parallel jobs make a sweep shorter.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import optuna
from omegaconf import DictConfig
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, RandomSampler
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dropout_study.errors import UserError
from dropout_study.search.asktell import Suggest
from dropout_study.search.conditions import Conditions
from dropout_study.search.grid import n_points
from dropout_study.search.pruners.promotion import PauseAndPromotePruner
from dropout_study.search.space import Params, SearchSpace
from dropout_study.sweeper.marks import as_job
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.planning.prepare import Prepared

SHOWN = 5  # number of the sampler's points that are printed


def print_plan(
    ready: Prepared,
    sampler: BaseSampler,
    pruner: BasePruner | None = None,
    cost: Callable[..., str] | None = None,
    console: Console | None = None,
) -> None:
    """Prints the space, its size, the first points and what the sweep costs.

    Args:
        ready: the sweep, planned and checked.
        sampler: the study's sampler.
        pruner: the study's pruner.
        cost: the function of ``estimates_cost``, which returns a text; None if there is none.
        console: where to print; None for the standard output.
    """
    plan, settings, points = ready.plan, ready.settings, ready.first
    console = console or Console(highlight=False, soft_wrap=True)
    each = f" of {settings.replicates} replicates" if settings.replicates > 1 else ""
    total = f"{settings.n_trials} trials{each}, {settings.jobs_at_once or 1} at once"
    if settings.budget is not None:
        total += f", {settings.budget} epochs in all"
    console.print(Text(f"{total}: {settings.aim}"))
    if isinstance(pruner, PauseAndPromotePruner):
        console.print(Text(_rungs(pruner, ready.longest)))
    console.print(_space_table(plan.space, plan.conditions))
    console.print(Text(f"The space has {_size(plan, ready.fixed)}."))
    count = min(settings.n_trials, len(points) + SHOWN)
    drawn = first_points(points, ready.suggest, sampler, len(settings.directions))
    first = [plan.values(point) for point in islice(drawn, count)]
    console.print(Text("The first trials, as far as they do not depend on results:"))
    console.print(_points_table(first, len(points)))
    if cost is not None:
        console.print(Text(as_job(cost, ready.config, settings, *_configs(ready))))
    console.print(Text("This was a dry run: no file of the study was written."))


def _rungs(pruner: PauseAndPromotePruner, longest: int | None) -> str:
    """Returns in words where trials pause."""
    first = pruner.min_resource, pruner.reduction_factor * pruner.min_resource
    steps = first[-1] if longest is None else longest - 1
    rungs = ", ".join(map(str, pruner.rungs(steps))) + ", ..." * (longest is None)
    return (
        f"A trial pauses after epoch {rungs} unless it is among the best there, one in "
        f"{pruner.reduction_factor}."
    )


def _configs(ready: Prepared) -> tuple[list[DictConfig], Iterator[DictConfig]]:
    """Returns the configurations of the enqueued trials, and an endless iterator of random ones."""
    settings = ready.settings
    sampler = RandomSampler(seed=0)
    points = first_points(ready.first, ready.suggest, sampler, len(settings.directions))
    configs = (ready.composer.job_config(ready.plan.job_overrides(p), 0) for p in points)
    return list(islice(configs, min(len(ready.first), settings.n_trials))), configs


def first_points(
    points: Sequence[Params], suggest: Suggest, sampler: BaseSampler, objectives: int = 1
) -> Iterator[dict[str, Any]]:
    """Yields the points of a study whose trials have no results, on a storage in memory."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler, directions=["maximize"] * objectives)
    for point in points:
        study.enqueue_trial(dict(point))
    while True:
        trial = study.ask()
        names = suggest(trial)
        yield {name: trial.params[name] for name in names}


def in_words(distribution: BaseDistribution) -> str:
    """Returns a distribution in words."""
    if isinstance(distribution, CategoricalDistribution):
        return f"one of {', '.join(map(str, distribution.choices))}"
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    text = f"{distribution.low:g} to {distribution.high:g}"
    whole = isinstance(distribution, IntDistribution)
    if distribution.step not in ((1,) if whole else (None,)):
        text += f" in steps of {distribution.step:g}"
    return text + ", whole numbers" * whole + ", log scale" * distribution.log


def _size(plan: SweepPlan, fixed: Mapping[str, Any]) -> str:
    try:
        return f"{n_points(plan.space, plan.conditions, fixed):,} points"
    except UserError:
        return "infinitely many points"


def _space_table(space: SearchSpace, conditions: Conditions) -> Table:
    table = Table("parameter", "searched", "when", box=None, header_style="bold", pad_edge=False)
    for name, distribution in space.items():
        when = " and ".join(
            f"{key} is {' or '.join(map(str, values))}"
            for key, values in conditions.get(name, {}).items()
        )
        table.add_row(Text(name), Text(in_words(distribution)), Text(when))
    return table


def _points_table(points: Sequence[Mapping[str, Any]], enqueued: int) -> Table:
    names = list(dict.fromkeys(name for point in points for name in point))
    table = Table("trial", *names, "", box=None, header_style="bold", pad_edge=False)
    for number, point in enumerate(points):
        values = [_short(point[name]) if name in point else "" for name in names]
        table.add_row(str(number), *map(Text, values), "enqueued" if number < enqueued else "")
    return table


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
