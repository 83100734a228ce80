"""The gap between training and validation data, with noise on and off."""

from collections.abc import Mapping
from typing import ClassVar

import torch

from dropout_study.data.splits import Examples
from dropout_study.errors import UserError, argument_error
from dropout_study.noise.known import rates_of
from dropout_study.training.measures.base import Measure, Snapshot
from dropout_study.training.predict import are_equal


class Gap(Measure):
    """How much better the network is on its training data than on validation data.

    ``loss`` is validation loss - training loss, ``accuracy`` training accuracy - validation
    accuracy; ``off`` is evaluation mode, ``on`` one pass with the noise on. Both splits are
    measured with the weights after the epoch, unlike the columns ``train_...``.

    Args:
        examples: so many training examples, at equal distances, the same after every epoch; all if
            there are fewer.
    """

    meaning: ClassVar[str] = "how much better the network is on training than on validation data"
    cost: ClassVar[str] = (
        "two passes over 2,000 training examples and the validation data, without gradients"
    )

    def __init__(self, examples: int = 2000) -> None:
        if examples < 1:
            raise argument_error("examples", examples, "must be at least 1")
        self._examples = examples

    def check(self, start: Snapshot) -> None:
        """Raises UserError without validation data, and without noise that can be switched on."""
        if start.splits.val is None:
            raise UserError("it needs validation data; use data.val_size=5000")
        if not rates_of(start.model) and not _is_noisy(start):
            raise UserError(
                "it needs noise that can be switched on and off, and the network has none; add a "
                "noise layer (its rate may be 0)"
            )

    def measure(self, after: Snapshot) -> Mapping[str, float | None]:
        """Returns the gaps; None without validation data, as in a confirmation."""
        off = self._gaps(after)
        with after.noise():
            on = self._gaps(after)
        modes = {"on": on, "off": off}
        return {
            f"{name}_{mode}": gaps[name]
            for name in ("loss", "accuracy")
            for mode, gaps in modes.items()
        }

    def _gaps(self, after: Snapshot) -> dict[str, float | None]:
        if after.splits.val is None:
            return {"loss": None, "accuracy": None}
        train, val = after.scores(self._sample(after)), after.scores(after.splits.val)
        return {
            "loss": val["loss"] - train["loss"],
            "accuracy": train["accuracy"] - val["accuracy"],
        }

    def _sample(self, after: Snapshot) -> Examples:
        train = after.splits.train
        if len(train) <= self._examples:
            return train
        places = torch.arange(self._examples, device=train.labels.device)
        return train.take(places * len(train) // self._examples)


@torch.no_grad()
def _is_noisy(start: Snapshot) -> bool:
    """Returns whether two passes in training mode differ: functional dropout, say."""
    images, logits = start.splits.train.images[:16], []
    with start.noise() as passes:
        for number in range(2):
            passes.seek(number)
            logits.append(start.logits(images))
    return not are_equal(torch.stack(logits, dim=1))
