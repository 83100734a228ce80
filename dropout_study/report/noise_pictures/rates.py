"""Noise rates over the epochs of a training and over the layers of a network."""

from typing import TYPE_CHECKING

from dropout_study.noise import Schedule
from dropout_study.profiles import PROFILES, layer_rates
from dropout_study.report.figures.style import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def rates_over_epochs(schedule: Schedule | None, rate: float, epochs: int) -> list[float]:
    """Returns the rate in each epoch of a layer whose own rate is ``rate``."""
    if schedule is None:
        return [rate] * epochs
    return [schedule(rate, epoch, epochs) for epoch in range(1, epochs + 1)]


def rates_over_layers(mean: float, layers: int) -> dict[str, list[float]]:
    """Returns the rate of each hidden layer, by profile."""
    return {profile: layer_rates(mean, layers, profile) for profile in PROFILES}


def draw_over_epochs(rates: list[float], own: float, title: str, figure: "Figure") -> None:
    """Draws the rate of each epoch and the layer's own rate."""
    figure.set_size_inches(3.2, 2.2)
    ax = figure.add_subplot()
    _draw_bars(rates, own, ax)
    ax.set_xlabel("epoch")
    ax.set_ylabel("rate")
    ax.set_ylim(0, 1.15 * max(*rates, own))
    ax.set_title(title, fontsize=11)


def draw_over_layers(profiles: dict[str, list[float]], mean: float, figure: "Figure") -> None:
    """Draws the rate of each layer, one panel a profile."""
    figure.set_size_inches(5.6, 3.4)
    columns = 3
    panels = figure.subplots(-(-len(profiles) // columns), columns, sharex=True, sharey=True)
    for ax, (profile, rates) in zip(panels.flat, profiles.items(), strict=False):
        _draw_bars(rates, mean, ax)
        ax.set_title(profile, fontsize=10)
    for ax in panels.flat[len(profiles) :]:
        ax.set_visible(False)
    figure.supxlabel("hidden layer", fontsize=10)
    figure.supylabel("rate", fontsize=10)


def _draw_bars(rates: list[float], level: float, ax: "Axes") -> None:
    ax.bar(range(1, len(rates) + 1), rates, color=BLUE)
    ax.axhline(level, color=ORANGE, lw=1.2, ls="--")
    ax.set_xticks(range(1, len(rates) + 1))
    ax.set_xlim(0.3, len(rates) + 0.7)
    ax.set_axisbelow(True)
    ax.grid(alpha=0.3)
