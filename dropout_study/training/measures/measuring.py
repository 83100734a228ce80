"""The measurements of one training."""

from typing import TYPE_CHECKING

from torch import nn

from dropout_study.data.splits import Splits
from dropout_study.training.generators import kept_generators

if TYPE_CHECKING:
    from dropout_study.training.settings import TrainSettings


class Measuring:
    """The measures of one training, from before its first epoch.

    Args:
        model: the network before its first epoch.
        settings: of the training; they name the measures, if there are any.

    Attributes:
        measures: the measures by name.
    """

    def __init__(self, model: nn.Module, settings: "TrainSettings") -> None:
        self._model = model
        self._settings = settings
        self.measures = {name: make() for name, make in settings.measures.items()}
        for measure in self.measures.values():
            measure.begin(model)

    def after(self, splits: Splits, epoch: int) -> dict[str, float | None]:
        """Returns the columns of an epoch that the network has just been trained for."""
        columns: dict[str, float | None] = {}
        for name, measure in self.measures.items():
            with kept_generators(splits.train.labels.device):
                numbers = measure.after(self._model, splits, self._settings, epoch)
            columns |= {f"{name}_{part}" if part else name: n for part, n in numbers.items()}
        return columns
