"""The contract of a measurement: numbers of a network itself, taken after every epoch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor, nn

from dropout_study.data.splits import Examples, Splits
from dropout_study.errors import UserError
from dropout_study.randomness import draw_key
from dropout_study.training.device import autocast
from dropout_study.training.evaluate import EVALUATION_BATCH, measure
from dropout_study.training.generators import kept_generators
from dropout_study.training.images import scaled
from dropout_study.training.metrics import DEFAULT_METRICS, Meter
from dropout_study.training.noisy import NoisePasses, noise_on

if TYPE_CHECKING:
    from dropout_study.training.settings import TrainSettings


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A network after an epoch: a copy, so that a measurement cannot change the training.

    Attributes:
        model: in evaluation mode; in ``noise()`` with its noise on.
        splits: the data.
        epoch: how many epochs it has been trained.
        batch_size: of the training.
        seed: of the training.
        bfloat16: whether it is trained in this precision.
    """

    model: nn.Module
    splits: Splits
    epoch: int
    batch_size: int
    seed: int
    bfloat16: bool = False

    def logits(self, images: Tensor) -> Tensor:
        """Returns the logits [B, K] of images [B, C, H, W] as the splits have them."""
        with autocast(images.device, self.bfloat16):
            logits: Tensor = self.model(scaled(images))
        return logits.float()

    @contextmanager
    def noise(self) -> Iterator[NoisePasses]:
        """Switches the noise on, with draws of this epoch that the training does not use."""
        images = scaled(self.splits.train.images[:2])
        with noise_on(self.model, images, draw_key(self.seed, "measure", self.epoch)) as passes:
            passes.seek(0)
            yield passes

    def scores(self, examples: Examples) -> dict[str, float]:
        """Returns loss and accuracy on ``examples``, in whatever mode the network is."""
        device = examples.labels.device
        meter = Meter(DEFAULT_METRICS, 1, device)
        with autocast(device, self.bfloat16):
            return measure(
                lambda images: self.model(images).unsqueeze(0), examples, meter, EVALUATION_BATCH
            )[0]


def snapshot(model: nn.Module, splits: Splits, settings: "TrainSettings", epoch: int) -> Snapshot:
    """Returns a copy of the network, to be measured."""
    return Snapshot(
        deepcopy(model).eval(),
        splits,
        epoch,
        batch_size=settings.batch_size,
        seed=settings.seed,
        bfloat16=settings.bfloat16,
    )


class Measure(ABC):
    """Numbers of a network by name, taken after every epoch.

    An instance belongs to one training. A measure ``m`` has the columns ``m_NAME``, and ``m`` for
    the empty name. Numbers come from a copy of the network: alone, in a worker and in a population
    (whose stacks stay as they are) a measure is the same.

    Attributes:
        meaning: what it is, in one line.
        cost: the passes over data that it needs.
    """

    meaning: ClassVar[str]
    cost: ClassVar[str]

    def check(self, start: Snapshot) -> None:  # noqa: B027  (most have nothing to check)
        """Raises UserError if the network or the data cannot give the numbers.

        Args:
            start: the network before its first epoch, a copy.
        """

    def begin(self, model: nn.Module) -> None:  # noqa: B027  (most keep nothing)
        """Is told of the network before its first epoch; must not change it."""

    def after(
        self, model: nn.Module, splits: Splits, settings: "TrainSettings", epoch: int
    ) -> Mapping[str, float | None]:
        """Returns the numbers of ``model`` after an epoch, measured on a copy."""
        return self.measure(snapshot(model, splits, settings, epoch))

    @abstractmethod
    def measure(self, after: Snapshot) -> Mapping[str, float | None]:
        """Returns the numbers after an epoch, the same names every time; None: not known."""


MeasureTypes = Mapping[str, Callable[[], Measure]]
"""What makes the measures of a training, by name and in the order of the columns."""


def check_measures(model: nn.Module, splits: Splits, settings: "TrainSettings") -> None:
    """Checks that the network and the data can give every measure.

    Raises:
        UserError: names the measure, what it needs and the way out.
    """
    for name, make in settings.measures.items():
        try:
            start = snapshot(model, splits, settings, epoch=0)
        except Exception as error:  # whatever a user's network raises
            told = f"the network cannot be copied: {type(error).__name__}: {error}"
            raise UserError(f"`trainer.measure` cannot have `{name}`: {told}") from error
        try:
            with kept_generators(splits.train.labels.device):
                make().check(start)
        except UserError as error:
            raise UserError(f"`trainer.measure` cannot have `{name}`: {error}") from error
