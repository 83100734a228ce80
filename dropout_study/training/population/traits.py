"""What a member's model and optimizer are like: whom they can be stacked with, and if at all."""

from collections.abc import Hashable
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dropout_study.models import Dropout
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.networks import VmappedNetwork, trained_parameters
from dropout_study.training.population.optimizers import RULES, obstacle
from dropout_study.training.population.stream import Minibatch

Signature = Hashable
"""Equal for members that differ in nothing but weights, dropout rates and optimizer options."""


@dataclass(frozen=True)
class Traits:
    """How a kind of member can be trained.

    Attributes:
        obstacle: why it cannot be stacked with others of its signature; None if it can.
        global_draws: its model draws from torch's global generator when it trains.
    """

    obstacle: str | None = None
    global_draws: bool = False


def signature_of(state: MemberState) -> Signature:
    """Returns what must be equal for members to be stacked.

    Everything a module holds is compared, whatever its class: an attribute that cannot be compared
    by value makes the member one of its own kind.
    """
    model, optimizer = state.member.model, state.member.optimizer
    names = {id(param): name for name, param in model.named_parameters()}
    shapes = tuple((n, tuple(p.shape), p.dtype, p.requires_grad) for n, p in _tensors(model))
    modules = tuple((name, *_state_of(module)) for name, module in model.named_modules())
    rule = RULES.get(type(optimizer))
    groups = tuple(
        (
            tuple(names.get(id(param), "") for param in group["params"]),
            tuple(repr(group.get(flag)) for flag in (rule.flags if rule else ())),
        )
        for group in optimizer.param_groups
    )
    settings = (state.member.settings.batch_size, state.member.settings.bfloat16)
    return (settings, shapes, modules, type(optimizer), groups)


def traits_of(state: MemberState, minibatch: Minibatch, stacked: bool) -> Traits:
    """Tries a copy of the member's model on a few images and returns what it saw.

    Args:
        state: any member of the signature.
        minibatch: the images.
        stacked: whether to find out too if the model runs stacked.
    """
    few = Minibatch(minibatch.images[:2], minibatch.labels[:2], minibatch.noise)
    device = few.labels.device
    state.noise.seek_minibatch(few)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            return _try(state, few, stacked)
    except Exception as error:  # whatever a user's module raises: it will again, in its own bucket
        return Traits(f"the model cannot be tried: {_first_line(error)}", global_draws=True)
    finally:
        state.noise.seek_minibatch(None)


def _try(state: MemberState, few: Minibatch, stacked: bool) -> Traits:
    model = deepcopy(state.member.model).train()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    generators = _generator_states(few.labels.device)
    with torch.no_grad():
        model(few.images)
    if not _equal(generators, _generator_states(few.labels.device)):
        return Traits("the model draws from torch's global generator", global_draws=True)
    obstacle = _changed_buffer(model, before) or _optimizer_obstacle(state)
    if obstacle is None and stacked:
        obstacle = _vmap_obstacle(state, few)
    return Traits(obstacle)


def _tensors(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [*model.named_parameters(), *model.named_buffers()]


def _state_of(module: nn.Module) -> tuple[Hashable, ...]:
    """Returns the class of ``module`` and its attributes; of dropout, all but its rate."""
    if isinstance(module, Dropout):
        return (Dropout, module.layer)
    own = {"_parameters", "_buffers", "_modules", "training"}
    held = ((name, _comparable(value)) for name, value in vars(module).items() if name not in own)
    return (type(module), *held)


def _comparable(value: object) -> Hashable:
    if value is None or isinstance(value, (bool, int, float, str, type, torch.dtype)):
        return value
    if isinstance(value, (tuple, list)):
        return tuple(_comparable(item) for item in value)
    if isinstance(value, (dict, set)) and not value:
        return type(value)
    return ("unlike any other", id(value))


def _generator_states(device: torch.device) -> list[Tensor]:
    generators = [torch.get_rng_state()]
    return [*generators, torch.cuda.get_rng_state(device)] if device.type == "cuda" else generators


def _equal(left: list[Tensor], right: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def _changed_buffer(model: nn.Module, before: dict[str, Tensor]) -> str | None:
    for name, buffer in model.named_buffers():
        if name not in before or not torch.equal(buffer, before[name]):
            owner = type(model.get_submodule(name.rpartition(".")[0])).__name__
            return f"{owner} changes its buffer `{name}` as it trains"
    return None


def _optimizer_obstacle(state: MemberState) -> str | None:
    groups = state.member.optimizer.param_groups
    if sum(len(group["params"]) for group in groups) != len(trained_parameters(state)):
        return "the optimizer updates tensors that are not parameters of the model"
    return obstacle(state.member.optimizer)


def _vmap_obstacle(state: MemberState, few: Minibatch) -> str | None:
    try:
        network = VmappedNetwork([state, state], few.labels.device)
        params = [torch.stack([p.detach()] * 2) for p in trained_parameters(state).values()]
        network.gradients(params, few)
    except torch.cuda.OutOfMemoryError:
        raise
    except Exception as error:  # whatever a user's module raises under vmap
        return f"the model does not run under vmap: {_first_line(error)}"
    return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
