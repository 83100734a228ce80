"""DropConnect: single weights, and the mean over masks in evaluation mode."""

import pytest
import torch
from torch import nn

from dropout_study.errors import UserError
from dropout_study.models import MLP
from dropout_study.noise import DropConnect, ModelNoise, Noise
from dropout_study.noise.dropconnect import mean_of_relu

P = 0.4
D, H = 6, 5


def placed(layer: DropConnect, activation: nn.Module | None = None) -> DropConnect:
    """The layer with weights that are the same every time."""
    torch.manual_seed(3)
    (only,) = layer.place([nn.Linear(D, H), activation or nn.ReLU()], nn.Linear(H, 2))
    assert only is layer
    return layer


def outputs(layer: DropConnect, x: torch.Tensor, times: int) -> torch.Tensor:
    """[times, B, H]: the layer's output in training mode, with other masks each time."""
    noise = Noise(0, torch.device("cpu"))
    rows = []
    with torch.no_grad(), ModelNoise(layer, noise):
        for iteration in range(times):
            noise.seek(0, iteration)
            rows.append(layer(x))
    return torch.stack(rows)


@pytest.mark.parametrize("per_example", [False, True])
def test_mean_and_variance_before_the_activation(per_example: bool) -> None:
    layer = placed(DropConnect(P, per_example=per_example, inference="weights"), nn.Identity())
    x = torch.randn(3, D)
    seen = outputs(layer, x, 4000)
    weight, bias = layer.dense.weight, layer.dense.bias
    variance = P / (1 - P) * x.square() @ weight.square().T
    torch.testing.assert_close(seen.mean(dim=0), x @ weight.T + bias, atol=0.1, rtol=0)
    torch.testing.assert_close(seen.var(dim=0), variance, rtol=0.15, atol=1e-3)


def test_examples_share_a_mask_or_have_their_own() -> None:
    x = torch.randn(1, D).expand(4, D)
    shared = outputs(placed(DropConnect(P)), x, 1)[0]
    assert (shared == shared[0]).all()
    own = outputs(placed(DropConnect(P, per_example=True)), x, 1)[0]
    assert (own != own[0]).any()


def test_the_mean_of_a_gaussian_through_relu() -> None:
    mean, deviation = torch.tensor([-1.0, 0.0, 0.5, 2.0]), torch.tensor([0.5, 1.0, 2.0, 0.3])
    drawn = (mean + deviation * torch.randn(400_000, 4)).relu().mean(dim=0)
    torch.testing.assert_close(mean_of_relu(mean, deviation), drawn, atol=0.01, rtol=0)
    torch.testing.assert_close(mean_of_relu(mean, torch.zeros(4)), mean.relu())


def test_moments_come_nearer_to_the_mean_over_masks_than_weights() -> None:
    x = torch.randn(20, D)
    layer = placed(DropConnect(P))
    mean = outputs(layer, x, 4000).mean(dim=0)
    errors = {}
    for inference in ("moments", "weights"):
        layer.inference = inference
        errors[inference] = (layer.eval()(x) - mean).abs().mean().item()
    assert errors["moments"] < 0.35 * errors["weights"]


def test_the_gradient_is_that_of_the_masked_weights() -> None:
    layer = placed(DropConnect(P)).double()
    x = torch.randn(3, D, dtype=torch.float64, requires_grad=True)

    def run(x: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(5)  # the same mask each time
        return layer(x)

    assert torch.autograd.gradcheck(run, (x,))


def test_the_limits() -> None:
    x = torch.randn(4, D)
    layer = placed(DropConnect(0.0))
    clean = layer.dense(x).relu()
    assert torch.equal(layer(x), clean)
    assert torch.equal(layer.eval()(x), clean)
    torch.testing.assert_close(layer.expected(x, layer.dense, layer.activation, 0.0, 1.0), clean)
    assert placed(DropConnect(0.9999))(x).isfinite().all()


def test_it_has_no_weights_at_the_input(told) -> None:
    facts = {"in_shape": (1, 4, 4), "classes": 3, "noise": DropConnect}
    assert "DropConnect needs a dense layer" in told(MLP, **facts, input_dropout=0.1)
    assert len(MLP(**facts)) == 5  # flatten, the input's, two hidden layers, the output
    with pytest.raises(UserError, match="needs a dense layer"):
        DropConnect(0.5)(torch.ones(2, 3))


def test_what_cannot_be_used_is_refused(told) -> None:
    assert "must be in [0, 1)" in told(DropConnect, 1.0)
    assert "must be one of moments, weights" in told(DropConnect, 0.5, inference="mean")
    assert "has a formula for ReLU alone, got Tanh" in told(placed, DropConnect(0.5), nn.Tanh())
