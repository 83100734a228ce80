"""torch's update rules for stacked parameters: P members in one call, each with its options.

A rule follows its ``torch.optim`` class exactly (torch's documentation has the formulas). It keeps
its state under the same names, so that state can be copied in both directions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, log
from typing import Any

import torch
from torch import Tensor

State = dict[str, Tensor]
"""Name -> [P, ...], like the parameter; "step" is [P, 1, ...]."""


@dataclass(frozen=True)
class Hyperparameters:
    """The options of P members for one parameter: P numbers for each name, flags shared by all.

    Derived numbers are computed in Python's double precision and then rounded to the parameter's
    type, as in torch: 1 - 0.999 has an error of 3e-5 if computed in float32.
    """

    columns: Mapping[str, Sequence[float]]
    flags: Mapping[str, Any]
    like: Tensor
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Tensor:
        """Returns the option as [P, 1, ...]."""
        return self._tensor(name, lambda value: value, name)

    def complement(self, name: str) -> Tensor:
        """Returns 1 - the number."""
        return self._tensor(name, lambda value: 1 - value, f"1 - {name}")

    def log(self, name: str) -> Tensor:
        """Returns the natural logarithm of the number."""
        return self._tensor(name, lambda value: log(value) if value else -inf, f"log {name}")

    def used(self, name: str) -> bool:
        """Returns whether the number is other than 0 for any member."""
        return any(self.columns[name])

    def _tensor(self, name: str, derive: Callable[[float], float], key: str) -> Tensor:
        if key not in self.tensors:
            values = [derive(value) for value in self.columns[name]]
            tensor = torch.tensor(values, dtype=self.like.dtype, device=self.like.device)
            self.tensors[key] = tensor.view(-1, *[1] * self.like.dim())
        return self.tensors[key]


@dataclass(frozen=True)
class Rule:
    """One ``torch.optim`` class.

    Attributes:
        update: changes a stacked parameter in place, given its gradient (which it may overwrite).
        hyperparameters: options that may differ between members.
        flags: options that must be equal in a stack, with the values that ``update`` knows.
        state: names of the state tensors that ``update`` needs, given the options.
    """

    update: Callable[[Tensor, Tensor, State, Hyperparameters], None]
    hyperparameters: tuple[str, ...]
    flags: Mapping[str, tuple[object, ...]]
    state: Callable[[Hyperparameters], tuple[str, ...]]


IGNORED = {
    *("params", "param_names", "foreach", "fused", "capturable", "differentiable"),
    *("initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum"),
}
"""Options that choose among equal implementations, and those that schedulers add to ``lr``."""


def _sgd(param: Tensor, grad: Tensor, state: State, given: Hyperparameters) -> None:
    if given.used("weight_decay"):
        grad.addcmul_(param, given["weight_decay"])
    if given.used("momentum"):
        buffer = state["momentum_buffer"].mul_(given["momentum"]).add_(grad)
        nesterov = given.flags["nesterov"]
        grad = grad.addcmul_(buffer, given["momentum"]) if nesterov else buffer
    param.addcmul_(grad, given["lr"], value=-1)


def _adam(param: Tensor, grad: Tensor, state: State, given: Hyperparameters) -> None:
    if given.flags["decoupled_weight_decay"]:
        param.mul_(1 - given["lr"] * given["weight_decay"])
    elif given.used("weight_decay"):
        grad.addcmul_(param, given["weight_decay"])
    step = state["step"].add_(1)
    mean = state["exp_avg"].lerp_(grad, given.complement("beta1"))
    square = state["exp_avg_sq"].mul_(given["beta2"])
    square.addcmul_(grad.mul(given.complement("beta2")), grad)
    # 1 - beta^step without cancellation; torch computes it in double precision.
    bias1, bias2 = (-torch.expm1(step * given.log(beta)) for beta in ("beta1", "beta2"))
    root = square.sqrt().div_(bias2.sqrt()).add_(given["eps"])
    param.addcdiv_(mean * (given["lr"] / bias1), root, value=-1)


def _rmsprop(param: Tensor, grad: Tensor, state: State, given: Hyperparameters) -> None:
    if given.used("weight_decay"):
        grad.addcmul_(param, given["weight_decay"])
    state["step"].add_(1)
    square = state["square_avg"].mul_(given["alpha"])
    square.addcmul_(grad.mul(given.complement("alpha")), grad)
    grad.div_(square.sqrt().add_(given["eps"]))
    if given.used("momentum"):
        grad = state["momentum_buffer"].mul_(given["momentum"]).add_(grad)
    param.addcmul_(grad, given["lr"], value=-1)


def _sgd_state(given: Hyperparameters) -> tuple[str, ...]:
    return ("momentum_buffer",) if given.used("momentum") else ()


def _rmsprop_state(given: Hyperparameters) -> tuple[str, ...]:
    return ("step", "square_avg", *_sgd_state(given))


_ADAM = Rule(
    _adam,
    ("lr", "beta1", "beta2", "eps", "weight_decay"),
    {"amsgrad": (False,), "maximize": (False,), "decoupled_weight_decay": (False, True)},
    lambda _: ("step", "exp_avg", "exp_avg_sq"),
)

RULES: Mapping[type[torch.optim.Optimizer], Rule] = {
    torch.optim.SGD: Rule(
        _sgd,
        ("lr", "momentum", "weight_decay"),
        {"dampening": (0,), "nesterov": (False, True), "maximize": (False,)},
        _sgd_state,
    ),
    torch.optim.Adam: _ADAM,
    torch.optim.AdamW: _ADAM,
    torch.optim.RMSprop: Rule(
        _rmsprop,
        ("lr", "alpha", "eps", "momentum", "weight_decay"),
        {"centered": (False,), "maximize": (False,)},
        _rmsprop_state,
    ),
}


def options(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of one of the optimizer's groups that matter, betas apart."""
    kept = {name: value for name, value in group.items() if name not in IGNORED}
    if "betas" in kept:
        kept["beta1"], kept["beta2"] = kept.pop("betas")
        # Before torch 2.7 only the class says it.
        kept.setdefault("decoupled_weight_decay", isinstance(optimizer, torch.optim.AdamW))
    return kept


def obstacle(optimizer: torch.optim.Optimizer) -> str | None:
    """Returns why ``optimizer`` has no stacked form, or None if it has one."""
    rule = RULES.get(type(optimizer))
    if rule is None:
        return f"optimizer {type(optimizer).__name__} has no stacked form"
    for group in optimizer.param_groups:
        for name, value in options(optimizer, group).items():
            if name not in rule.hyperparameters and value not in rule.flags.get(name, ()):
                return f"{type(optimizer).__name__}'s `{name}={value}` has no stacked form"
    return None


@dataclass
class _Slot:
    """One parameter of all members: their own tensors, and the stack's options and state."""

    owners: Sequence[tuple[torch.optim.Optimizer, Tensor]]
    given: Hyperparameters
    state: State = field(default_factory=dict)


class StackedOptimizer:
    """The optimizers of P members together, for parameters stacked on a leading axis.

    Args:
        optimizers: P optimizers of one class with equal flags, for which ``obstacle`` is None.
        params: for each parameter the P tensors of the members.
    """

    def __init__(
        self, optimizers: Sequence[torch.optim.Optimizer], params: Sequence[Sequence[Tensor]]
    ) -> None:
        self._rule = RULES[type(optimizers[0])]
        groups = [
            {
                param: options(optimizer, group)
                for group in optimizer.param_groups
                for param in group["params"]
            }
            for optimizer in optimizers
        ]
        self._slots = [
            self._slot(
                list(zip(optimizers, owned, strict=True)),
                [group[param] for group, param in zip(groups, owned, strict=True)],
            )
            for owned in params
        ]

    def step(self, params: Sequence[Tensor], grads: Sequence[Tensor]) -> None:
        """Updates ``params`` [P, ...] in place; ``grads`` may be overwritten."""
        for param, grad, slot in zip(params, grads, self._slots, strict=True):
            self._rule.update(param, grad, slot.state, slot.given)

    def write_back(self) -> None:
        """Copies the state of each member into its own optimizer."""
        for slot in self._slots:
            for name, stacked in slot.state.items():
                parts = stacked.flatten().cpu() if name == "step" else stacked
                for (optimizer, param), part in zip(slot.owners, parts, strict=True):
                    optimizer.state[param][name] = part.clone()

    def _slot(
        self, owners: list[tuple[torch.optim.Optimizer, Tensor]], given: list[dict[str, Any]]
    ) -> _Slot:
        param = owners[0][1]
        hyperparameters = Hyperparameters(
            {name: [float(each[name]) for each in given] for name in self._rule.hyperparameters},
            {name: given[0][name] for name in self._rule.flags if name in given[0]},
            like=param,
        )
        slot = _Slot(owners, hyperparameters)
        for name in self._rule.state(hyperparameters):
            blank = torch.zeros(()) if name == "step" else torch.zeros_like(param)
            held = [optimizer.state[own].get(name) for optimizer, own in owners]
            stacked = torch.stack([blank if each is None else each for each in held])
            slot.state[name] = stacked.to(param.device)
            if name == "step":
                slot.state[name] = slot.state[name].view(-1, *[1] * param.dim())
        return slot
