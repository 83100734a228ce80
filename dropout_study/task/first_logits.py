"""Runs a network on two images before training, to check that its outputs are logits."""

import copy
import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dropout_study.data import Examples, Splits
from dropout_study.errors import UserError
from dropout_study.training.generators import kept_generators
from dropout_study.training.images import scaled

log = logging.getLogger(__name__)

RULE = "the network must map images [B, C, H, W] to logits [B, K], a tensor of floats"


def check_first_logits(model: nn.Module, splits: Splits, batch_size: int) -> None:
    """Checks the outputs of ``model`` for two images, and for one if the last minibatch has one.

    A copy of the network is run. A network that cannot be copied is itself run on two images, in
    evaluation mode, and not on a single one. The global generators do not change.

    Args:
        model: the network, on the device of ``splits``.
        splits: the data.
        batch_size: the batch size of the training.

    Raises:
        UserError: the outputs are not finite logits that can be trained, the network cannot take
            the images, or it cannot be trained on the single example of the last minibatch.
    """
    train = splits.train
    with kept_generators(train.images.device):
        twin = _copied(model)
        probe = model if twin is None else twin
        modes = {module: module.training for module in probe.modules()}
        logits = _shown(probe.eval(), train, 2)
        for module, training in modes.items():
            module.training = training
        _check(logits, len(train.images[:2]), splits.classes)
        if twin is not None and (len(train) % batch_size or batch_size) == 1:
            _check_single_example(twin.train(), splits, batch_size)


def _copied(model: nn.Module) -> nn.Module | None:
    try:
        return copy.deepcopy(model)
    except Exception:  # a user's network may raise any exception
        return None


def _shown(model: nn.Module, examples: Examples, count: int) -> Any:
    images = scaled(examples.images[:count])
    try:
        return model(images)
    except (torch.OutOfMemoryError, UserError):
        raise
    except Exception as error:
        told = " ".join(str(error).split())
        raise UserError(
            f"the network cannot take images {list(images.shape)} of {images.dtype}: "
            f"{type(error).__name__}: {told}"
        ) from error


def _check(logits: Any, count: int, classes: int) -> None:
    if not isinstance(logits, Tensor):
        raise UserError(f"{RULE}, got {_words(logits)}; return the logits alone")
    if logits.shape[:1] != (count,) or logits.ndim != 2 or not logits.is_floating_point():
        raise UserError(
            f"{RULE}, got {list(logits.shape)} of {str(logits.dtype).removeprefix('torch.')} "
            f"for {count} images and {classes} classes"
        )
    if logits.shape[1] < classes:
        raise UserError(
            f"{RULE}, got K = {logits.shape[1]} for data of {classes} classes; give the network "
            "as many outputs as there are classes"
        )
    if logits.shape[1] > classes:
        log.warning("the network has %d outputs for %d classes", logits.shape[1], classes)
    if not logits.isfinite().all():
        raise UserError(
            "the network's first outputs are NaN or infinite, before any training: check its "
            "initial weights and the scale of the images"
        )
    if not logits.requires_grad:
        raise UserError(
            "the network's outputs depend on no trainable parameter; check requires_grad, "
            "detach() and no_grad in it"
        )


def _words(output: Any) -> str:
    kind = type(output).__name__
    if isinstance(output, dict):
        return f"{kind} with {', '.join(map(repr, output))}"
    return f"{kind} of {len(output)}" if isinstance(output, Sequence) else kind


def _check_single_example(model: nn.Module, splits: Splits, batch_size: int) -> None:
    """Runs the network in training mode on one image, which batch normalisation cannot take."""
    try:
        _check(_shown(model, splits.train, 1), 1, splits.classes)
    except UserError as error:
        count = len(splits.train)
        raise UserError(
            f"the last minibatch of {count} training examples has one example with "
            f"`trainer.batch_size={batch_size}`, which the network cannot be trained on ({error}); "
            "change trainer.batch_size, data.train_size or data.val_size by one"
        ) from error
