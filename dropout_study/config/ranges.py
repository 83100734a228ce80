"""Fields of the schemas, with the allowed values of a key."""

from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import Any

from omegaconf import MISSING

from dropout_study.checks import check_at_least, check_fraction, check_positive, check_rate
from dropout_study.errors import argument_error
from dropout_study.paths import measure_names
from dropout_study.trial import Summary

Check = Callable[..., Any]


def check_summary(name: str, value: str) -> None:
    """Raises an error unless ``value`` is a valid ``trainer.objective``."""
    Summary.parse(name, value)


def check_metrics(name: str, value: dict[str, Any]) -> None:
    """Raises an error unless each entry names the class of a metric."""
    for key, node in value.items():
        if not key.isidentifier() or key in ("loss", "epoch", "seconds"):
            raise argument_error(
                name, key, "must have keys that are names, not loss, epoch or seconds"
            )
        if not isinstance(node, dict) or "_target_" not in node:
            raise argument_error(f"{name}.{key}", node, "must name a class by `_target_`")


def check_measures(name: str, value: list[Any]) -> None:
    """Raises unless each entry names a measurement of this package, or a class by its path."""
    known = measure_names()
    for entry in value:
        target = entry.get("_target_") if isinstance(entry, dict) else entry
        if not isinstance(target, str):
            raise argument_error(name, entry, "must name a measurement, or a class by `_target_`")
        if "." not in target and target not in known:
            raise argument_error(
                name,
                target,
                f"must have names among {', '.join(known)}",
                "a class of your own has its path, as in my_module.MyMeasure",
            )


def checked(check: Check, **bounds: Any) -> Any:
    """Returns a field whose value must pass ``check(name, value, **bounds)`` unless it is None."""
    return field(default=MISSING, metadata={"check": partial(check, **bounds)})


def check_betas(name: str, value: list[float]) -> None:
    """Raises an error unless ``value`` is two coefficients in [0, 1)."""
    if len(value) != 2:
        raise argument_error(name, value, "must be two numbers in [0, 1)")
    for beta in value:
        check_fraction(name, beta)


def check_widths(name: str, value: list[int]) -> None:
    """Raises an error unless every layer has at least one unit."""
    for width in value:
        check_at_least(name, width, low=1)


def check_layer_rates(name: str, value: Any) -> None:
    """Raises unless ``value`` is a rate or a list of rates."""
    for rate in value if isinstance(value, list) else [value]:
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise argument_error(name, value, "must be a number or a list of numbers")
        check_rate(name, rate)


def check_shape(name: str, value: list[int]) -> None:
    """Raises an error unless ``value`` is the shape [C, H, W] of an image."""
    if len(value) != 3:
        raise argument_error(name, value, "must be three numbers, [C, H, W]")
    check_widths(name, value)


rate = partial(checked, check_rate)
positive = partial(checked, check_positive)
fraction = partial(checked, check_fraction)
at_least = partial(checked, check_at_least)


def epochs(low: int, spare: int = 0) -> Any:
    """Returns a field for a number of epochs that must fit into the training.

    Args:
        low: the smallest allowed number.
        spare: how many epochs of the training must remain.
    """
    metadata = {"check": partial(check_at_least, low=low), "spare": spare}
    return field(default=MISSING, metadata=metadata)
