"""What a noise layer does to the values of units, seen by calling it in training mode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dropout_study.errors import UserError
from dropout_study.models.layers import with_noise
from dropout_study.noise import ModelNoise, Noise
from dropout_study.report.figures.style import BLUE, GREY, MAP, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

Array = NDArray[np.float32]

MAPS = (4, 12, 12)
"""Feature maps of an example: channels, height, width."""
WIDTH = 8
"""Inputs of a dense layer that has noise of its own; each of its weights is 1 / WIDTH."""
UNITS = 576
"""Units of that dense layer, as many as on the maps."""
HIGHEST = 1.5
"""The highest value of a unit that is shown."""
SHOWN = (-2.5, 5.0)
"""The range of outputs that is drawn, the same for all layers."""
BIN = 0.25
"""The distance of the outputs that a unit of WIDTH equal weights can have at rate 1/2."""


@dataclass(frozen=True)
class Responses:
    """What a layer makes of units whose values without noise are known.

    Attributes:
        values: the units' values without noise, [V].
        noisy: outputs in training mode for each value, with different draws, [V, R].
        evaluation: outputs in evaluation mode, [V].
        of_one: many outputs in training mode of units of value 1.
        mask: outputs of units of value 1 at one call. Feature maps, [C, H, W]; or, of a layer with
            noise on its weights or inputs, what each unit makes of each single input, [D, H].
    """

    values: Array
    noisy: Array
    evaluation: Array
    of_one: Array
    mask: Array


@dataclass(frozen=True)
class _Place:
    """A place in a network: what is before the noise, and inputs for what stands in the place.

    Attributes:
        hidden: the modules before the noise.
        lowest: the lowest value of a unit that is shown.
        shape: of an example that enters the noise, with the modules that it has taken in.
        single: the examples whose outputs are the mask.
    """

    hidden: Sequence[nn.Module]
    lowest: float
    shape: tuple[int, ...]
    single: Tensor


def _places() -> list[_Place]:
    dense = nn.Linear(WIDTH, UNITS)
    nn.init.constant_(dense.weight, 1 / WIDTH)
    nn.init.zeros_(dense.bias)
    one = torch.ones(1, *MAPS)
    return [
        _Place([nn.ReLU()], 0.0, MAPS, one),
        _Place([nn.SELU()], -1.7, MAPS, one),
        _Place([dense, nn.ReLU()], 0.0, (WIDTH,), WIDTH * torch.eye(WIDTH)),
    ]


def _placed(make: Callable[[float], nn.Module], rate: float) -> tuple[_Place, nn.Module]:
    """Returns the first place that the layer accepts, and what stands there after ``hidden``."""
    refused = []
    for place in _places():
        following = nn.Linear(UNITS, 1)
        try:
            modules = with_noise(make(rate), place.hidden, following)
        except UserError as error:
            refused.append(str(error))
        else:
            return place, nn.Sequential(*(m for m in modules if m not in place.hidden))
    raise UserError(f"no picture can be drawn of a layer that refuses every place: {refused[-1]}")


@torch.no_grad()
def responses(make: Callable[[float], nn.Module], rate: float, *, calls: int = 50) -> Responses:
    """Returns what a noise layer makes of units of known values, from seeded draws.

    Args:
        make: makes the layer of a rate.
        rate: the rate.
        calls: how often units of value 1 are sent through; each time gives 5,760 outputs.

    Raises:
        UserError: the layer accepts no place, or refuses the rate.
    """
    place, layer = _placed(make, rate)
    values = torch.linspace(place.lowest, HIGHEST, 101)
    inputs = values.view(-1, *[1] * len(place.shape)).expand(-1, *place.shape)
    ones = torch.ones(10, *place.shape)
    with ModelNoise(layer, Noise(0, torch.device("cpu"))):
        layer.train()
        noisy = layer(inputs).flatten(1)[:, ::59]  # ten units, anywhere on the maps
        of_one = torch.cat([layer(ones).flatten() for _ in range(calls)])
        mask = layer(place.single)
        evaluation = layer.eval()(inputs).flatten(1)[:, 0]
    maps = mask[0] if mask.dim() == 4 else mask
    return Responses(*(each.numpy() for each in (values, noisy, evaluation, of_one, maps)))


def draw_responses(data: Responses, title: str, figure: "Figure") -> None:
    """Draws output against value, the outputs of value 1, and one mask in the same colours."""
    figure.set_size_inches(5.2, 2.5)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.4, 0.8, 1.2])
    _draw_outputs(data, left)
    _draw_of_one(data, middle)
    _draw_mask(data, right)
    figure.suptitle(title, fontsize=11)


def _draw_outputs(data: Responses, ax: "Axes") -> None:
    values = np.repeat(data.values, data.noisy.shape[1])
    ax.axvline(1, color=GREY, lw=0.8, ls=":")
    ax.scatter(values, data.noisy.ravel(), s=3, alpha=0.4, lw=0, color=BLUE, label="training")
    ax.plot(data.values, data.evaluation, color=ORANGE, lw=1.8, label="evaluation")
    ax.set_ylim(SHOWN)
    ax.set_xlabel("value of a unit")
    ax.set_ylabel("output")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8, loc="upper left", markerscale=3, handlelength=1, borderpad=0.2)


def _draw_of_one(data: Responses, ax: "Axes") -> None:
    middles = np.arange(SHOWN[0], SHOWN[1] + BIN, BIN)
    edges = np.append(middles, middles[-1] + BIN) - BIN / 2
    share = np.histogram(data.of_one, edges)[0] / len(data.of_one)
    colours = _colours().to_rgba(middles)
    ax.barh(middles, 100 * share, height=BIN, color=colours, edgecolor=GREY, lw=0.2)
    ax.axhline(np.interp(1, data.values, data.evaluation), color=ORANGE, lw=1.2)
    ax.set_ylim(SHOWN)
    ax.set_yticklabels([])
    ax.set_xlim(0, 112 * max(share))
    ax.locator_params(axis="x", nbins=3)
    ax.set_xlabel("% of outputs")
    ax.set_title("at value 1", fontsize=9)
    ax.grid(alpha=0.3)


def _draw_mask(data: Responses, ax: "Axes") -> None:
    maps = data.mask.ndim == 3
    image = _tiled(data.mask) if maps else data.mask[:, :WIDTH]
    rgba = _colours().to_rgba(image)
    rgba[np.isnan(image)] = 1
    ax.imshow(rgba, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    if maps:
        ax.spines[:].set_visible(False)
        ax.set_title(f"{len(data.mask)} feature maps of 1", fontsize=9)
    else:
        ax.set_title("one input at a time", fontsize=9)
        ax.set_xlabel("units")
        ax.set_ylabel("inputs")


def _colours() -> "ScalarMappable":
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(0, 2, clip=True), MAP)


def _tiled(maps: Array) -> Array:
    """Maps [4, H, W] -> two by two, with a gap: [2 H + 1, 2 W + 1]."""
    height, width = maps.shape[1:]
    image = np.full((2 * height + 1, 2 * width + 1), np.nan, np.float32)
    for index, each in enumerate(maps):
        top, left = index // 2 * (height + 1), index % 2 * (width + 1)
        image[top : top + height, left : left + width] = each
    return image
