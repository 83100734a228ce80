"""All pictures, drawn into a directory."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from omegaconf import OmegaConf
from torch import nn

from dropout_study.config.instantiate import instantiate
from dropout_study.files import atomic_write
from dropout_study.noise import Schedule
from dropout_study.paths import conf_dir
from dropout_study.report.figures.spec import DPI
from dropout_study.report.noise_pictures.layers import draw_responses, responses
from dropout_study.report.noise_pictures.rates import (
    draw_over_epochs,
    draw_over_layers,
    rates_over_epochs,
    rates_over_layers,
)

RATE = 0.5
EPOCHS = 10
MEAN_RATE, LAYERS = 0.2, 6
"""Of the depth profiles."""

Draw = Callable[[Figure], None]


def noise_makers() -> dict[str, Callable[[float], nn.Module]]:
    """Returns what makes a layer of a rate, by option of the group ``noise``."""
    return {name: instantiate(page, _convert_="all") for name, page in _pages("noise")}


def schedules() -> dict[str, Schedule | None]:
    """Returns the schedules by option of the group ``schedule``; None for a constant rate."""
    pages = _pages("schedule")
    return {name: instantiate(page, _convert_="all") if page else None for name, page in pages}


def _pages(group: str) -> Iterator[tuple[str, Any]]:
    """Yields the options of a group; not those that leave the class to the user."""
    for path in sorted((conf_dir() / group).glob("*.yaml")):
        page = OmegaConf.load(path)
        if not OmegaConf.is_missing(page, "_target_"):
            yield path.stem, page


def pictures() -> Iterator[tuple[str, Draw]]:
    """Yields each picture's name and what draws it on a figure."""
    for name, make in noise_makers().items():
        data = responses(make, RATE)
        yield f"noise_{name}", partial(draw_responses, data, f"noise={name}")
    for name, schedule in schedules().items():
        rates = rates_over_epochs(schedule, RATE, EPOCHS)
        yield f"schedule_{name}", partial(draw_over_epochs, rates, RATE, f"schedule={name}")
    yield "profiles", partial(draw_over_layers, rates_over_layers(MEAN_RATE, LAYERS), MEAN_RATE)


def draw_noise_pictures(directory: str | Path) -> list[Path]:
    """Draws every picture into ``directory`` as a PNG file, and returns the files."""
    return [_save(draw, Path(directory, f"{name}.png")) for name, draw in pictures()]


def _save(draw: Draw, path: Path) -> Path:
    figure = Figure(layout="constrained")
    draw(figure)
    with atomic_write(path, durable=False) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
    return path
