"""DropBlock: squares of a feature map."""

import pytest
import torch
from noise_draws import disturbed, draws_for

from dropout_study.models import MLP, LeNet
from dropout_study.noise import DropBlock, Dropout


def dropped(p: float, size: int, x: torch.Tensor, seed: int = 1) -> torch.Tensor:
    return disturbed(DropBlock(p, size), x, seed) == 0


def test_what_is_dropped_are_squares_around_the_drawn_corners() -> None:
    layer, x = DropBlock(0.2, 3), torch.ones(4, 2, 8, 7)
    gamma = 0.2 / 9 * 56 / (6 * 5)
    want = torch.zeros(x.shape, dtype=torch.bool)
    for b, c, row, column in (draws_for(layer, x) < gamma).nonzero().tolist():
        want[b, c, row : row + 3, column : column + 3] = True
    assert want.any()
    assert torch.equal(disturbed(layer, x) == 0, want)


def test_the_mean_of_each_example_stays() -> None:
    y = disturbed(DropBlock(0.3, 2), torch.ones(50, 3, 6, 6))
    torch.testing.assert_close(y.mean(dim=(1, 2, 3)), torch.ones(50))


def test_the_share_that_is_dropped_is_p_but_for_overlaps() -> None:
    x = torch.ones(2000, 4, 10, 10)
    share = dropped(0.1, 3, x).float().mean().item()
    assert 0.085 < share < 0.1


def test_blocks_of_1_are_dropouts_mask() -> None:
    x = torch.ones(100, 10, 5, 5)
    share = dropped(0.3, 1, x).float().mean().item()
    assert share == pytest.approx(0.3, abs=0.015)
    levels = draws_for(Dropout(0.3), x) / 2**16 + 0.5
    assert torch.equal(dropped(0.3, 1, x), levels < torch.tensor(0.3))


def test_a_higher_rate_drops_more_of_the_same() -> None:
    x = torch.ones(20, 2, 8, 8)
    assert (dropped(0.1, 3, x) <= dropped(0.4, 3, x)).all()


def test_the_gradient_is_that_of_the_formula() -> None:
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: disturbed(DropBlock(0.3, 2), x), (x,))


def test_the_limits() -> None:
    x = torch.randn(3, 2, 4, 4)
    assert DropBlock(0.0, 2)(x) is x
    assert DropBlock(0.5, 2).eval()(x) is x
    assert torch.equal(DropBlock(0.5, 2).disturb(x, draws_for(DropBlock(0.5, 2), x), 0.0), x)
    assert DropBlock(0.9999, 4)(x).isfinite().all()  # the whole map, or nothing


def test_an_example_does_not_depend_on_its_neighbours() -> None:
    layer, x = DropBlock(0.3, 2), torch.randn(5, 2, 6, 6)
    given = draws_for(layer, x)
    together = layer.disturb(x, given, *layer.numbers())
    torch.testing.assert_close(layer.disturb(x[2:3], given[2:3], *layer.numbers()), together[2:3])


def test_a_block_larger_than_the_map_is_refused(told) -> None:
    assert "got 4 for a map of 3 x 8" in told(DropBlock(0.1, 4), torch.ones(1, 1, 3, 8))
    assert "got 4 for a map of 3 x 8" in told(DropBlock(0.1, 4).eval(), torch.ones(1, 1, 3, 8))
    assert "`noise.block_size` must be" in told(DropBlock, 0.1, 0)


def test_features_without_height_and_width_are_refused(told) -> None:
    for model in (MLP, LeNet):
        line = told(model, in_shape=(1, 16, 16), classes=3, noise=DropBlock)
        assert "needs feature maps" in line
    assert "got [4, 5]" in told(DropBlock(0.1), torch.ones(4, 5))
