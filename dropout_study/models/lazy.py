"""Initialization of lazy layers (``nn.LazyLinear`` and others), which infer their input size."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from dropout_study.errors import UserError


def initialize_lazy_layers(model: nn.Module, in_shape: Sequence[int]) -> None:
    """Initializes the lazy layers of ``model`` with a forward pass of two black images.

    The weights are drawn from torch's global generator. The pass is in evaluation mode, so it
    changes no running statistics and draws no noise. A model without lazy layers is not run.

    Args:
        model: the network.
        in_shape: the shape of an image, (C, H, W).

    Raises:
        UserError: the model cannot be run on such images, or leaves a layer without weights.
    """
    if not _lazy_names(model):
        return
    training = {module: module.training for module in model.modules()}
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(2, *in_shape))
    except Exception as error:  # whatever a user's module raises
        told = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"the lazy layers of the model cannot be initialized: it cannot be run on images of "
            f"shape {tuple(in_shape)}: {told}"
        ) from error
    finally:
        for module, was_training in training.items():
            module.training = was_training
    if names := _lazy_names(model):
        raise UserError(
            f"the parameters {', '.join(names)} have no shape, because the model's forward does "
            "not use their lazy layers"
        )


def _lazy_names(model: nn.Module) -> list[str]:
    named = [*model.named_parameters(), *model.named_buffers()]
    return [name for name, tensor in named if is_lazy(tensor)]
