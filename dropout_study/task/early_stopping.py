"""Ends a trial when its objective no longer improves: the setting ``trainer.patience``."""

from dropout_study.trial import Metrics, Objective


class EarlyStopping:
    """A listener that ends a training after ``patience`` epochs without a better objective.

    The objective of an epoch is a validation metric (``Objective.of_epochs``), never a test metric.

    Args:
        objective: what the trial is judged by.
        patience: epochs, at least 1.

    Attributes:
        stopped: whether it has ended the training.
    """

    def __init__(self, objective: Objective, patience: int) -> None:
        self.stopped = False
        self._objective = objective
        self._patience = patience
        self._history: list[Metrics] = []

    def __call__(self, row: Metrics) -> bool:
        """Takes an epoch; returns whether the training goes on."""
        self._history.append(row)
        best = self._objective.best(self._history)
        self.stopped = best is not None and row["epoch"] - best["epoch"] >= self._patience
        return not self.stopped
