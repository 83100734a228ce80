"""Keeps torch's compiler out of programs that do not compile.

torch's optimizers tell the compiler which of their methods it must not trace, and where it must
stop. To do so they import it at their first call: 900 modules and 1.4 s of processor time in each
process, measured with torch 2.15.
"""

import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import torch
from torch.optim import Optimizer

COMPILER = "torch._dynamo"
UNTRACED = "__dynamo_disable"
"""Where torch keeps the form of a method that the compiler does not trace."""


@cache
def leave_compiler_unloaded() -> None:
    """Lets the methods of torch's optimizers run as they are, unless the compiler is imported.

    Call it before the first optimizer is made. A program that compiles its optimizers loses what
    the methods would have told the compiler; compiled networks are not affected.
    """
    if COMPILER in sys.modules:
        return
    for method in vars(Optimizer).values():
        plain = getattr(method, "__wrapped__", None)
        if plain is not None:
            setattr(plain, UNTRACED, plain)
    for kind in vars(torch.optim).values():
        step: Any = vars(kind).get("step") if isinstance(kind, type) else None
        if COMPILER in getattr(getattr(step, "__code__", None), "co_names", ()):
            kind.step = _eager(step.__wrapped__)


def _eager(step: Callable[..., Any]) -> Callable[..., Any]:
    """Returns an optimizer's ``step`` with gradients on only for one that is differentiable."""

    @wraps(step)
    def eager(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *args, **kwargs)

    return eager
