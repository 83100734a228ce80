"""The dropout rates of a built network, read from its layers rather than from names of settings."""

import copy
from math import isnan

import torch
from torch import nn

from dropout_study.noise.known import rate_of, rates_of

OTHER = "elsewhere"
"""Stands for random draws that no layer known here makes, as ``torch.nn.functional.dropout``."""

Rates = dict[str, float | None]
"""Name of a noise layer, as in ``model.named_modules()`` -> its rate; None where not known."""


def noise_rates(model: nn.Module, in_shape: tuple[int, ...]) -> Rates:
    """Returns the rate of every layer of ``model`` that disturbs activations in training.

    These are the dropout layers of PyTorch and of this project, recurrent layers and attention. If
    anything else draws random numbers in a forward pass, or if that cannot be found out, there is
    an entry ``OTHER`` without a rate.

    Args:
        model: the network; it is not changed.
        in_shape: shape of one image, (C, H, W).
    """
    rates: Rates = {name: None if isnan(rate) else rate for name, rate in rates_of(model).items()}
    return {**rates, OTHER: None} if draws_elsewhere(model, in_shape) else rates


def draws_elsewhere(model: nn.Module, in_shape: tuple[int, ...]) -> bool:
    """Returns whether a forward pass in training draws random numbers outside of known layers.

    True also if the network cannot be copied or cannot take two images of zeros.
    """
    try:
        probe = copy.deepcopy(model).train()
        for module in probe.modules():
            if rate_of(module) is not None:
                module.eval()
        device = next((p.device for p in probe.parameters()), torch.device("cpu"))
        with torch.random.fork_rng(), torch.no_grad():
            before = _generator_states()
            probe(torch.zeros(2, *in_shape, device=device))
            return _generator_states() != before
    except Exception:  # a user's network may raise any exception
        return True


def _generator_states() -> list[bytes]:
    states = [torch.get_rng_state()]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states += torch.cuda.get_rng_state_all()
    return [state.numpy().tobytes() for state in states]
