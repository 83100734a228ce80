"""A trial's life in plain data: what an epoch reports, what a trial ends with."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class TrialState(StrEnum):
    """Optuna's names for where a trial stands."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"


@dataclass(frozen=True)
class EpochMetrics:
    """One row of ``history.csv``.

    Training numbers are means over the epoch's minibatches in training mode (dropout on, weights
    moving), as the book plots them; validation and test are taken after the epoch, dropout off.
    Losses are mean cross entropies in nats, accuracies are in [0, 1]; ``val_*`` is None where the
    data has no validation split. ``seconds`` is the wall time of the epoch, evaluation included;
    in a population, this trial's share of it.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    test_loss: float
    test_accuracy: float
    seconds: float


OnEpoch = Callable[[EpochMetrics], bool]
"""Called after every epoch with its metrics; the training goes on while it returns True."""


@dataclass(frozen=True)
class TrialResult:
    """What a trained trial reports: its objective and the metrics of its last epoch.

    ``value`` is the objective: validation accuracy after the last epoch (None without validation
    data). ``best_epoch`` is the epoch of the highest validation accuracy, for information:
    nothing is taken from it.
    """

    value: float | None
    val_accuracy: float | None
    test_accuracy: float
    train_accuracy: float
    train_loss: float
    val_loss: float | None
    test_loss: float
    epochs_run: int
    best_epoch: int | None
    seconds: float
    seed: int

    @classmethod
    def from_history(cls, history: Sequence[EpochMetrics], seed: int) -> "TrialResult":
        """Returns the result of a trial that trained for ``len(history) >= 1`` epochs."""
        last = history[-1]
        with_val = [(m.val_accuracy, -m.epoch) for m in history if m.val_accuracy is not None]
        return cls(
            value=last.val_accuracy,
            val_accuracy=last.val_accuracy,
            test_accuracy=last.test_accuracy,
            train_accuracy=last.train_accuracy,
            train_loss=last.train_loss,
            val_loss=last.val_loss,
            test_loss=last.test_loss,
            epochs_run=last.epoch,
            best_epoch=-max(with_val)[1] if with_val else None,
            seconds=sum(m.seconds for m in history),
            seed=seed,
        )

    def as_dict(self) -> dict[str, float | int | None]:
        """Returns the fields by name, in the order of the table's columns."""
        return asdict(self)
