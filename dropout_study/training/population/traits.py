"""What a member's model and optimizer are like, and with whom it can be stacked."""

import weakref
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dropout_study.noise.layer import NoiseLayer
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.networks import NetworkType
from dropout_study.training.population.optimizers import RULES, obstacle
from dropout_study.training.settings import TrainSettings

Signature = Hashable
"""Equal for members that differ in nothing but weights, dropout rates and optimizer options."""


@dataclass(frozen=True)
class Traits:
    """How members of one signature can be trained.

    Attributes:
        network: makes the networks of a stack; None if the members are trained one by one.
        obstacle: why they are trained one by one; None if there is nothing to log.
        global_draws: whether the model draws from a global generator (torch, numpy or Python).
        changes_images: whether the model changes its input images.
    """

    network: NetworkType | None = None
    obstacle: str | None = None
    global_draws: bool = False
    changes_images: bool = False


def signature_of(state: MemberState) -> Signature:
    """Returns the signature: members can be stacked if it is equal.

    All attributes of all modules are compared. A member with an attribute that cannot be compared
    by value has a signature that no other member has.
    """
    model, optimizer = state.member.model, state.member.optimizer
    names = {id(param): name for name, param in model.named_parameters()}
    tensors = [*model.named_parameters(), *model.named_buffers()]
    shapes = tuple((n, tuple(p.shape), p.dtype, p.requires_grad, _hooks(p)) for n, p in tensors)
    modules = tuple((name, type(m), *_state_of(m)) for name, m in model.named_modules())
    rule = RULES.get(type(optimizer))
    groups = tuple(
        (
            tuple(names.get(id(param), "") for param in group["params"]),
            tuple(repr(group.get(flag)) for flag in (rule.flags if rule else ())),
        )
        for group in optimizer.param_groups
    )
    steps = (optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks)
    rule_of = (type(optimizer), *(comparable(dict(hooks)) for hooks in steps))
    return (_kind_of(state.member.settings), shapes, modules, rule_of, groups)


def _hooks(tensor: Tensor) -> tuple[Hashable, ...]:
    found = (tensor._backward_hooks, tensor._post_accumulate_grad_hooks)
    return tuple(comparable(dict(hooks)) for hooks in found if hooks)


def _kind_of(settings: TrainSettings) -> Hashable:
    """Returns what must be equal of the settings; of the companions, which are on."""
    companions = (settings.max_norm is not None, settings.label_smoothing > 0, settings.r_drop > 0)
    return (settings.batch_size, settings.bfloat16, companions)


def _state_of(module: nn.Module) -> Iterator[tuple[str, Hashable]]:
    """Yields the attributes of ``module``; of a noise layer, all but its rate."""
    own = {"_parameters", "_buffers", "_modules", "training"}
    own |= {"p", "source"} if isinstance(module, NoiseLayer) else set()
    for name, value in vars(module).items():
        if name not in own:
            yield name, comparable(value)


def comparable(value: object) -> Hashable:
    """Returns a key that is equal for equal values, and changes if a tensor is changed in place."""
    if value is None or isinstance(value, bool | int | float | str | type | torch.dtype):
        return value
    if isinstance(value, tuple | list):
        return (type(value), *(comparable(item) for item in value))
    if isinstance(value, dict):
        items = ((comparable(key), comparable(item)) for key, item in value.items())
        return (type(value), *items)
    if isinstance(value, nn.Parameter | weakref.ref):
        return type(value).__name__  # parameters are compared elsewhere
    if isinstance(value, Tensor):
        return ("a tensor", id(value), value._version)
    if isinstance(value, set | frozenset) and not value:
        return type(value)
    return ("unlike any other", id(value))


def declared_obstacle(state: MemberState) -> str | None:
    """Returns why members like this one cannot be stacked, without running them; or None.

    Hooks are such a reason: a copy loses the hooks of a parameter, and a stack calls no hooks.
    """
    model, optimizer = state.member.model, state.member.optimizer
    groups = optimizer.param_groups
    if sum(len(group["params"]) for group in groups) != len(state.trained_parameters):
        return "the optimizer updates tensors that are not parameters of the model"
    if optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks:
        return "the optimizer has hooks"
    if state.member.settings.r_drop:
        return "R-Drop makes two passes, which have no stacked form"
    for name, module in model.named_modules():
        if isinstance(module, NoiseLayer) and module.alone:
            return f"layer `{name}`: {module.alone}"
        if any(getattr(module, hooks) for hooks in _MODULE_HOOKS):
            return f"layer `{name}` has hooks"
    for name, param in model.named_parameters():
        if param._backward_hooks or param._post_accumulate_grad_hooks:
            return f"parameter `{name}` has hooks"
    return obstacle(optimizer)


_MODULE_HOOKS = (
    "_forward_pre_hooks",
    "_forward_hooks",
    "_backward_pre_hooks",
    "_backward_hooks",
)
