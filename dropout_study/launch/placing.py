"""Where the trials of a sweep run if the user does not say: in workers or in a population.

A population is chosen where it was measured to be faster (docs/performance.md) and keeps what
workers promise. It cannot end one trial from outside, and a trial that kills its process ends all.
So trials that run other code than this project's and torch's run in workers.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from dropout_study.launch.form import form_of
from dropout_study.launch.launch import launch_from
from dropout_study.sweeper.planning.candidates import MOST_KINDS
from dropout_study.sweeper.settings import SweepSettings, cores
from dropout_study.sweeper.source import TrialSource
from dropout_study.task.build import (
    build_model,
    build_optimizer,
    device_before_fork,
    load_splits,
    train_settings,
)
from dropout_study.training.population.dense import dense_shape
from dropout_study.training.population.member import Member
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.plan import CPU_STACK
from dropout_study.training.population.traits import declared_obstacle

MOST_CORES = 2
"""Populations were compared with workers on one and two cores."""
MOST_PARAMETERS = 500_000
"""And with the network of the book, which has 270,000."""
KNOWN = ("dropout_study.", "torch.")
"""Where the code comes from that is trusted not to kill its process."""

Launch = Callable[[TrialSource], None]


def place(
    settings: SweepSettings,
    candidates: Sequence[DictConfig],
    *,
    config: DictConfig,
    context: HydraContext,
    task_function: TaskFunction,
) -> tuple[Launch | None, str]:
    """Returns what trains a sweep's trials together, or None for workers; and the reason.

    Args:
        settings: the sweeper's settings.
        candidates: a configuration of each kind of job.
        config: the sweep's configuration.
        context: Hydra's context.
        task_function: the task, with its population form.
    """
    reason = (
        _asked_of_workers(settings, candidates)
        or _too_few(settings)
        or _too_many_kinds(candidates)
        or _differ([form_of(task_function).group(each) for each in candidates])
        or _slower(candidates)
    )
    if reason is not None:
        return None, reason

    def launch(source: TrialSource) -> None:
        launch_from(
            source, config=config, context=context, task_function=task_function, capacity=None
        )

    return launch, "faster than workers for such networks"


def _asked_of_workers(settings: SweepSettings, candidates: Sequence[DictConfig]) -> str | None:
    """Returns what a population cannot do for these trials."""
    if settings.trial_timeout is not None:
        return "a population cannot end one trial at hydra.sweeper.trial_timeout"
    if settings.custom_search_space is not None:
        return "what hydra.sweeper.custom_search_space suggests is not known before"
    for config in candidates:
        if config.hydra.job.get("chdir") or config.hydra.job.env_set:
            return "hydra.job.chdir and hydra.job.env_set hold in workers only"
        if config.trainer.precision != "float32":
            return "only in float32 are a population's numbers those of a trial alone"
        for target in _targets(config):
            if not target.startswith(KNOWN):
                return f"{target} is not this project's code: it may kill its process"
    return None


def _targets(config: DictConfig) -> list[str]:
    """Returns the dotted paths of what a trial calls."""
    groups: Any = OmegaConf.to_container(config, resolve=False)
    measures = groups["trainer"].get("measure") or ()
    used = groups.keys() - {"hydra", "search_space"}
    called = [name for key in sorted(used) for name in _called(groups[key])]
    return [*called, *(each for each in measures if isinstance(each, str) and "." in each)]


def _called(node: Any) -> Iterator[str]:
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and node.get("_target_"):
        yield str(node["_target_"])
    for each in below:
        yield from _called(each)


def _too_few(settings: SweepSettings) -> str | None:
    """Returns why so many trials at once do not pay."""
    if cores() > MOST_CORES:
        return f"populations were compared with workers on up to {MOST_CORES} cores"
    jobs, members = settings.n_trials * settings.replicates, cores() * CPU_STACK
    if jobs < 2 * members:
        return f"of {jobs} trials, {members} at once would know too few results"
    return None


def _too_many_kinds(candidates: Sequence[DictConfig]) -> str | None:
    return (
        f"there are more than {MOST_KINDS} kinds of them" if len(candidates) > MOST_KINDS else None
    )


def _differ(groups: Sequence[Any]) -> str | None:
    if len(set(groups)) > 1:
        return "trials with other data, device or metrics cannot be trained together"
    return None


def _slower(candidates: Sequence[DictConfig]) -> str | None:
    """Returns why the trials would not be faster together; builds their networks."""
    threads = torch.get_num_threads()
    if threads < cores():  # OMP_NUM_THREADS=1, say
        return f"torch may use {threads} of {cores()} cores, and workers use all"
    try:
        device = device_before_fork(candidates[0])
        if device.type != "cpu":
            return f"populations were not compared with workers on {device.type}"
        return next(filter(None, map(_obstacle, candidates)), None)
    except Exception as error:  # the trial itself tells it
        return f"a trial cannot be built: {error}"
    finally:
        torch.set_num_threads(threads)


def _obstacle(config: DictConfig) -> str | None:
    """Returns why trials as this one are not stacked on a CPU, or too large."""
    device = torch.device("cpu")
    splits = load_splits(OmegaConf.to_yaml(config.data, resolve=True), device)
    model = build_model(config, splits)
    size = sum(parameter.numel() for parameter in model.parameters())
    if size > MOST_PARAMETERS:
        return f"populations were compared with workers for up to {MOST_PARAMETERS:,} parameters"
    member = Member("candidate", model, build_optimizer(config, model), train_settings(config))
    state = MemberState(member, device)  # connects the noise layers
    try:
        if dense_shape(model) is None:
            return "on a CPU only dense networks are stacked"
        return declared_obstacle(state)
    finally:
        state.close()
