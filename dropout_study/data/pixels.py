"""Facts on the training images' pixels: a prediction needs them to scale an image file."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from dropout_study.data.splits import Splits

SAMPLE = 1000
"""Number of evenly spaced images from which ``whole`` and ``border`` are computed."""
BRIGHT = 0.5
"""The largest value of images in [0, 1] is at least this. Otherwise the scale is not known."""


@dataclass(frozen=True)
class PixelFacts:
    """The training images' pixels.

    Attributes:
        dtype: "uint8" (scaled to [0, 1] for the network) or "float32" (taken as they are).
        low: the lowest value.
        high: the highest value.
        whole: whether all values are whole numbers.
        border: the median value at the edge of an image. Transparent parts get this value.
        mean: the number subtracted from each channel of images in [0, 1]; None: not normalised.
        std: the number by which each channel is divided after that; None: not normalised.
    """

    dtype: str
    low: float
    high: float
    whole: bool
    border: float
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    @classmethod
    def of(cls, splits: Splits) -> "PixelFacts":
        """Returns the facts of the training images of ``splits``."""
        images = splits.train.images
        low, high = (float(bound) for bound in images.aminmax())
        sample = images[:: max(1, len(images) // SAMPLE)].float()
        whole = bool((sample == sample.round()).all())
        mean, std = (None if x is None else tuple(x) for x in (splits.mean, splits.std))
        kind = str(images.dtype).removeprefix("torch.")
        return cls(kind, low, high, whole, _border(sample), mean, std)

    @classmethod
    def from_dict(cls, recorded: dict[str, Any]) -> "PixelFacts":
        """Returns the facts from the dict that ``as_dict`` returned.

        Raises:
            KeyError, TypeError: ``recorded`` has other keys or types.
        """
        lists = {key: recorded[key] and tuple(recorded[key]) for key in ("mean", "std")}
        return cls(**{**recorded, **lists})

    def as_dict(self) -> dict[str, Any]:
        """Returns the facts as a dict that can be written as JSON."""
        return asdict(self)

    @property
    def scale(self) -> float | None:
        """The value of white if black is 0: 1.0 or 255.0; None if it is not known."""
        if self.dtype == "uint8" or self.mean is not None:
            return 1.0  # the scale that the network gets, before normalisation
        if self.low < 0:
            return None
        if BRIGHT <= self.high <= 1:
            return 1.0
        return 255.0 if self.whole and 1 < self.high <= 255 else None

    def as_trained(self, pixels: Tensor) -> Tensor:
        """pixels: [C, H, W] in [0, 1] -> [C, H, W] on the scale of the training images."""
        if self.mean is not None and self.std is not None:
            mean, std = (torch.tensor(x).reshape(-1, 1, 1) for x in (self.mean, self.std))
            return (pixels - mean) / std
        return pixels if self.scale == 1 else pixels * 255

    @property
    def brightness(self) -> float:
        """The brightness of the border, from 0 (black) to 1 (white)."""
        if self.dtype == "uint8":
            return self.border / 255
        if self.mean is not None and self.std is not None:
            channels = zip(self.mean, self.std, strict=True)
            return sum(self.border * s + m for m, s in channels) / len(self.mean)
        return self.border / (self.scale or 1)


def _border(sample: Tensor) -> float:
    """sample: [N, C, H, W] -> the border's median; of all values if there are other axes."""
    if sample.ndim != 4:
        return float(sample.median())
    edges = (sample[..., 0, :], sample[..., -1, :], sample[..., 0], sample[..., -1])
    return float(torch.cat([edge.flatten() for edge in edges]).median())
