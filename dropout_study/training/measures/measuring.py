"""The measurements of one training."""

from copy import deepcopy
from typing import TYPE_CHECKING

from torch import nn

from dropout_study.data.splits import Splits
from dropout_study.errors import UserError
from dropout_study.training.generators import kept_generators
from dropout_study.training.measures.base import Snapshot

if TYPE_CHECKING:
    from dropout_study.training.settings import TrainSettings


class Measuring:
    """The measures of one training, from before its first epoch.

    Args:
        model: the network before its first epoch.
        settings: of the training; they name the measures, if there are any.
    """

    def __init__(self, model: nn.Module, settings: "TrainSettings") -> None:
        self._model = model
        self._settings = settings
        self._measures = {name: make() for name, make in settings.measures.items()}
        for measure in self._measures.values():
            measure.begin(model)

    def after(self, splits: Splits, epoch: int) -> dict[str, float | None]:
        """Returns the columns of an epoch that the network has just been trained for."""
        columns: dict[str, float | None] = {}
        for name, measure in self._measures.items():
            with kept_generators(splits.train.labels.device):
                numbers = measure.measure(_snapshot(self._model, splits, self._settings, epoch))
            columns |= {f"{name}_{part}" if part else name: n for part, n in numbers.items()}
        return columns


def check_measures(model: nn.Module, splits: Splits, settings: "TrainSettings") -> None:
    """Checks that the network and the data can give every measure.

    Raises:
        UserError: names the measure, what it needs and the way out.
    """
    for name, make in settings.measures.items():
        try:
            start = _snapshot(model, splits, settings, epoch=0)
        except Exception as error:  # whatever a user's network raises
            told = f"the network cannot be copied: {type(error).__name__}: {error}"
            raise UserError(f"`trainer.measure` cannot have `{name}`: {told}") from error
        try:
            with kept_generators(splits.train.labels.device):
                make().check(start)
        except UserError as error:
            raise UserError(f"`trainer.measure` cannot have `{name}`: {error}") from error


def _snapshot(model: nn.Module, splits: Splits, settings: "TrainSettings", epoch: int) -> Snapshot:
    return Snapshot(
        deepcopy(model).eval(),
        splits,
        epoch,
        batch_size=settings.batch_size,
        seed=settings.seed,
        bfloat16=settings.bfloat16,
    )
