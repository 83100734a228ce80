"""The pictures of docs/dropout.md: all are there, with the numbers that the layers promise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from torch import Tensor, nn

from dropout_study.errors import UserError
from dropout_study.noise import EarlySchedule, NoiseLayer
from dropout_study.paths import conf_dir
from dropout_study.profiles import PROFILES
from dropout_study.report.noise_pictures import (
    draw_responses,
    noise_makers,
    rates_over_epochs,
    rates_over_layers,
    responses,
    schedules,
)
from dropout_study.report.noise_pictures.draw import pictures

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "dropout.md").read_text(encoding="utf-8")
AGAIN = "write its section in docs/dropout.md, and draw the pictures by the line at the page's end"
FACTORS = ("dropout", "gaussian", "uniform", "three_valued", "spatial")


def options(group: str) -> set[str]:
    return {path.stem for path in (conf_dir() / group).glob("*.yaml")} - {"custom"}


def test_every_option_is_drawn() -> None:
    assert set(noise_makers()) == options("noise")
    assert set(schedules()) == options("schedule")


@pytest.mark.parametrize("group", ["noise", "schedule"])
def test_the_page_shows_and_names_every_option(group: str) -> None:
    for option in options(group):
        picture = f"figures/{group}_{option}.png"
        assert (DOCS / picture).is_file(), f"{picture} is missing: {AGAIN}"
        assert f"]({picture})" in PAGE, AGAIN
        assert f"`{group}={option}`" in PAGE, AGAIN


def test_the_page_names_every_profile_and_experiment() -> None:
    assert "](figures/profiles.png)" in PAGE
    assert not [name for name in options("experiment") if f"`{name}`" not in PAGE]


def test_the_pictures_are_small_and_all_of_them_are_used() -> None:
    for path in (DOCS / "figures").glob("*.png"):
        assert path.stat().st_size < 60_000
        assert f"](figures/{path.name})" in PAGE, f"{path.name} is on no page"


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_a_unit_of_value_1_keeps_its_mean_and_gets_the_variance_of_dropout(
    name: str, rate: float
) -> None:
    seen = responses(noise_makers()[name], rate)
    assert seen.of_one.mean() == pytest.approx(1, abs=0.05)
    assert seen.of_one.var() == pytest.approx(rate / (1 - rate), rel=0.1)
    assert seen.evaluation == pytest.approx(seen.values)


def test_what_the_page_says_of_the_rate_one_half() -> None:
    def share(name: str, which: Callable[[np.ndarray], np.ndarray]) -> float:
        return float(which(responses(noise_makers()[name], 0.5).of_one).mean())

    assert share("gaussian", lambda y: y < 0) == pytest.approx(0.16, abs=0.005)
    assert share("uniform", lambda y: y < 0) == pytest.approx(0.21, abs=0.005)
    assert share("three_valued", lambda y: y == 0) == pytest.approx(4 / 9, abs=0.005)
    assert share("three_valued", lambda y: y > 2.9) == pytest.approx(1 / 9, abs=0.005)
    assert share("dropblock", lambda y: y == 0) == pytest.approx(0.39, abs=0.005)
    assert share("standout", lambda y: y == 0) == pytest.approx(0.27, abs=0.005)
    assert share("alpha", lambda y: y) == pytest.approx(0.44, abs=0.01)


def test_a_unit_of_dropconnect_adds_up_eight_weights() -> None:
    seen = responses(noise_makers()["dropconnect"], 0.5)
    assert seen.of_one.var() == pytest.approx(1 / 8, rel=0.05)
    assert set(np.unique(seen.mask)) == {0, 2}


def test_the_masks_show_which_units_share_their_noise() -> None:
    makers = noise_makers()
    spatial = responses(makers["spatial"], 0.5, calls=1).mask
    assert all(len(np.unique(each)) == 1 for each in spatial)
    assert len(np.unique(spatial)) == 2
    blocks = responses(makers["dropblock"], 0.5, calls=1).mask == 0
    squares = np.lib.stride_tricks.sliding_window_view(blocks, (3, 3), axis=(1, 2)).all((3, 4))
    covered = np.zeros_like(blocks)
    for channel, row, column in zip(*squares.nonzero(), strict=True):
        covered[channel, row : row + 3, column : column + 3] = True
    assert blocks.any()
    assert (covered == blocks).all(), "squares alone are dropped"


def test_the_same_picture_has_the_same_numbers() -> None:
    first, second = (responses(noise_makers()["gaussian"], 0.5, calls=1) for _ in range(2))
    assert (first.noisy == second.noisy).all()


def test_rates_over_epochs_are_the_schedules() -> None:
    assert rates_over_epochs(EarlySchedule(2), 0.4, 4) == [0.4, 0.4, 0, 0]
    assert rates_over_epochs(None, 0.4, 3) == [0.4] * 3


def test_rates_over_layers_have_the_mean_that_is_drawn() -> None:
    rates = rates_over_layers(0.2, 6)
    assert tuple(rates) == PROFILES
    assert [np.mean(each) for each in rates.values()] == pytest.approx([0.2] * len(PROFILES))


def test_every_picture_has_its_file_and_each_kind_can_be_drawn() -> None:
    draws = dict(pictures())
    assert {f"{name}.png" for name in draws} == {p.name for p in (DOCS / "figures").glob("*.png")}
    for name in ("noise_dropout", "noise_standout", "schedule_early", "profiles"):
        figure = Figure()
        draws[name](figure)
        assert all(ax.has_data() for ax in figure.axes)


class Halved(NoiseLayer):
    """A user's own layer."""

    def disturb(self, x: Tensor, draws: Tensor, *numbers: float | Tensor) -> Tensor:
        return x * (draws >= numbers[0]) / 2


class Homeless(NoiseLayer):
    """A layer that stands nowhere."""

    def place(self, hidden: object, following: object) -> list[nn.Module]:
        raise UserError("not here")


def test_a_layer_of_ones_own_is_drawn_as_it_is() -> None:
    seen = responses(Halved, 0.5)
    assert seen.of_one.mean() == pytest.approx(0.25, abs=0.005)
    draw_responses(seen, "mine", Figure())


def test_a_layer_that_refuses_every_place_has_no_picture() -> None:
    with pytest.raises(UserError, match="refuses every place: not here"):
        responses(Homeless, 0.5)
