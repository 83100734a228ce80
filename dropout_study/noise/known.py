"""The rates of modules that disturb their input in training, this project's and torch's."""

from collections.abc import Collection
from copy import deepcopy

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from dropout_study.errors import UserError, argument_error
from dropout_study.noise.layer import NoiseLayer


def rate_of(module: nn.Module) -> float | None:
    """Returns the rate of a noise layer (NaN if it is not a number); None for any other module."""
    if isinstance(module, _DropoutNd | NoiseLayer):
        return _number(module.p)
    if isinstance(module, nn.RNNBase | nn.MultiheadAttention):
        return _number(module.dropout) or None  # with rate 0 it is no noise layer
    return None


def rates_of(model: nn.Module) -> dict[str, float]:
    """Returns the present rate of every noise layer of ``model``, by its name."""
    rates = {name: rate_of(module) for name, module in model.named_modules()}
    return {name: rate for name, rate in rates.items() if rate is not None}


def at_rate(model: nn.Module, layers: Collection[str], rate: float) -> nn.Module:
    """Returns a copy of ``model`` whose noise layers of these names have another rate.

    Raises:
        UserError: a layer cannot have this rate.
    """
    copied = deepcopy(model)
    for name in layers:
        set_rate(copied.get_submodule(name), rate)
    check_rates(copied)
    return copied


def set_rate(module: nn.Module, rate: float) -> None:
    """Gives a noise layer, this project's or torch's, another rate."""
    named_dropout = isinstance(module, nn.RNNBase | nn.MultiheadAttention)
    setattr(module, "dropout" if named_dropout else "p", rate)


def check_rates(model: nn.Module) -> None:
    """Raises UserError if a noise layer of ``model`` has a rate that cannot be used."""
    for name, module in model.named_modules():
        rate, where = rate_of(module), f"p of layer {name or type(module).__name__}"
        if isinstance(module, NoiseLayer):
            module.check(where)
        elif rate is not None and not 0 <= rate <= 1:
            given = getattr(module, "p", rate)
            raise argument_error(where, given, "must be in [0, 1]", "use 0.0 to disable dropout")


def check_scheduled(model: nn.Module) -> None:
    """Raises UserError if ``model`` has no rate to schedule, or a layer that learns its rate."""
    if not rates_of(model):
        raise UserError(
            "the network has no layer whose rate a schedule could set; use schedule=constant, or "
            "dropout layers in place of torch.nn.functional.dropout"
        )
    for name, module in model.named_modules():
        if isinstance(module, NoiseLayer) and module.learns and module.p:
            raise UserError(
                f"layer {name} ({type(module).__name__}) learns its rate, so no schedule can set "
                "it; use schedule=constant, or another noise"
            )


def _number(given: object) -> float:
    try:
        return float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")
