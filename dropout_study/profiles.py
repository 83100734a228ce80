"""Noise rates over the depth of a network: one for each hidden layer."""

from collections.abc import Sequence
from math import ceil

from dropout_study.checks import check_one_of
from dropout_study.errors import UserError, argument_error

PROFILES = ("constant", "linear", "linear_rising", "first_half", "first_third", "last_half")


def profile_weights(profile: str, layers: int) -> list[float]:
    """Returns what the mean rate is multiplied with in each layer; the mean of the weights is 1.

    ``constant``: 1 everywhere. ``linear``: layer l of L, from 1, has 2 (L + 1 - l) / (L + 1), so
    that the rates fall by equal amounts; ``linear_rising`` has 2 l / (L + 1). ``first_half`` and
    ``first_third``: the first n layers have L / n, the others 0, where n is L / 2 or L / 3, rounded
    up; ``last_half``: the last n have it.
    """
    check_one_of("profile", profile, PROFILES)
    if profile == "constant":
        return [1.0] * layers
    if profile.startswith("linear"):
        rising = [2 * layer / (layers + 1) for layer in range(1, layers + 1)]
        return rising if profile == "linear_rising" else rising[::-1]
    count = ceil(layers / (3 if profile == "first_third" else 2))
    first = [layers / count] * count + [0.0] * (layers - count)
    return first[::-1] if profile == "last_half" else first


def layer_rates(
    dropout: float | Sequence[float], layers: int, profile: str | None = None, prefix: str = ""
) -> list[float]:
    """Returns the rate of each hidden layer.

    Args:
        dropout: the rate of every layer, the mean rate of a profile, or a list of rates.
        layers: L, the number of hidden layers.
        profile: how the mean rate is spread over the layers; None for one rate or a list.
        prefix: begins the names of the settings in a message.

    Raises:
        UserError: the list or the profile does not suit the network, or gives a rate of 1 or more.
    """
    if isinstance(dropout, Sequence):
        if profile is not None:
            way_out = f"give one mean rate, or {prefix}profile=null"
            raise argument_error(f"{prefix}profile", profile, "is for one mean rate", way_out)
        if len(dropout) != layers:
            rule = f"must be one rate or a list of {layers}, one for each hidden layer"
            raise argument_error(f"{prefix}dropout", list(dropout), rule)
        return list(dropout)
    if profile is None:
        return [dropout] * layers
    weights = profile_weights(profile, layers)
    if layers < 2 and profile != "constant":
        raise UserError(
            f"`{prefix}profile={profile}` needs at least 2 hidden layers, got {layers}; "
            f"use {prefix}profile=null"
        )
    if dropout * max(weights, default=0) >= 1:
        rule = f"must be < {1 / max(weights):.4g} with profile {profile} and {layers} hidden layers"
        raise argument_error(
            f"{prefix}dropout", dropout, rule, "a layer would have a rate of 1 or more"
        )
    return [dropout * weight for weight in weights]
