"""The learning rate of an optimizer from epoch to epoch, by torch's own schedulers."""

import warnings
from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

MakeScheduler = Callable[[Optimizer], LRScheduler]
"""Makes the scheduler of an optimizer; the scheduler is stepped once an epoch."""


class LearningRate:
    """The learning rate of one optimizer.

    Args:
        optimizer: the optimizer.
        make: makes its scheduler; None for a constant rate.
        epochs: how many the optimizer has been trained for. Its options are then those of the next
            epoch, and stay as they are.
    """

    def __init__(
        self, optimizer: Optimizer, make: MakeScheduler | None, *, epochs: int = 0
    ) -> None:
        self._optimizer = optimizer
        kept = [dict(group) for group in optimizer.param_groups]
        if make and epochs:  # a scheduler begins with the first rate
            for group in optimizer.param_groups:
                group |= {"lr": group["initial_lr"]} if "initial_lr" in group else {}
        self._scheduler = make and make(optimizer)
        for _ in range(epochs):
            self.step()
        if epochs:
            for group, options in zip(optimizer.param_groups, kept, strict=True):
                group.update(options)

    @property
    def value(self) -> float | None:
        """The rate of the first parameter group; None if the optimizer has no ``lr``."""
        lr = self._optimizer.param_groups[0].get("lr")
        return None if lr is None else float(lr)

    def step(self) -> None:
        """Moves to the next epoch."""
        if self._scheduler is None:
            return
        with warnings.catch_warnings():
            # A stack makes the updates itself; torch only sees that the optimizer was not called.
            warnings.filterwarnings("ignore", message=r"Detected call of `lr_scheduler.step\(\)`")
            self._scheduler.step()
