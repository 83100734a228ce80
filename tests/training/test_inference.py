"""Weight scaling, Monte-Carlo averages and single thinned networks, on labelled examples."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from test_mc_dropout import IMAGES, NOISY
from torch import Tensor, nn

from dropout_study.data import Examples
from dropout_study.errors import UserError
from dropout_study.noise import ConcreteDropout, GaussianNoise, NoiseLayer
from dropout_study.noise.known import at_rate, rates_of
from dropout_study.training import evaluate
from dropout_study.training.inference import METRICS, Inference, compare_inference

LABELLED = Examples(IMAGES, torch.tensor([0, 1, 2, 0, 1]))


def numbers(found: Inference) -> dict[str, dict[str, float]]:
    return {way.name: dict(way.numbers) for way in found.ways}


def test_averages_near_the_mean_over_all_masks_of_a_linear_layer() -> None:
    """With three inputs and p = 1/2 there are eight equally probable networks."""
    linear = nn.Linear(3, 2)
    examples = Examples(torch.tensor([[[[1.0, 2.0, -1.0]]]]), torch.tensor([1]))
    masks = torch.tensor(list(product((0.0, 2.0), repeat=3)))
    with torch.no_grad():
        each = linear(examples.images.flatten(1) * masks).log_softmax(dim=1)[:, 1]

    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), linear)
    got = numbers(compare_inference(model, examples, samples=[4000]))

    assert got["single"]["loss"] == pytest.approx(-each.mean().item(), rel=0.05)
    assert got["monte_carlo"]["loss"] == pytest.approx(-each.exp().mean().log().item(), rel=0.05)
    assert got["weight_scaling"] == evaluate(model, examples, METRICS)


@pytest.mark.parametrize("kind", NOISY)
def test_whatever_noise_a_network_has_gives_three_ways(kind: str) -> None:
    model = NOISY[kind]()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    found = compare_inference(model, LABELLED, samples=[8])

    assert [way.name for way in found.ways] == ["weight_scaling", "monte_carlo", "single"]
    assert found.remarks == []
    got, sd = numbers(found), found.ways[2].sd
    assert got["monte_carlo"]["loss"] < got["single"]["loss"]  # Jensen's inequality
    assert sd["loss"] > 0
    assert numbers(compare_inference(model, LABELLED, samples=[8])) == got
    assert not model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


class WeightNoise(NoiseLayer):
    """Disturbs the weights: one draw for all examples."""

    per_example = False

    def draw_shape(self, x: Tensor) -> torch.Size:
        return torch.Size([1, x.shape[1]])

    def disturb(self, x: Tensor, draws: Tensor, *_: float | Tensor) -> Tensor:
        return x * 2 * (draws < 0.5)


def test_noise_on_weights_is_one_network_for_all_minibatches(monkeypatch) -> None:
    """Of eight networks that say no more than a class, each is right on all examples or none."""

    class Says(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.noise = WeightNoise(0.5)

        def forward(self, x: Tensor) -> Tensor:
            kept = self.noise(torch.ones(len(x), 1))
            return torch.cat([kept, 1 - kept], dim=1)

    monkeypatch.setattr("dropout_study.training.inference.EVALUATION_BATCH", 2)
    examples = Examples(IMAGES, torch.zeros(5, dtype=torch.int64))
    found = compare_inference(Says(), examples, samples=[8])
    share = numbers(found)["single"]["accuracy"] * 8
    assert share == pytest.approx(round(share))
    assert 0 < share < 8


class HardCoded(nn.Module):
    """Drops whether it trains or not."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(nn.functional.dropout(x.flatten(1), 0.5))


def test_noise_that_cannot_be_switched_off_is_told() -> None:
    found = compare_inference(HardCoded(), LABELLED, samples=[4])

    assert len(found.ways) == 3
    (remark,) = found.remarks
    assert "noise that cannot be switched off" in remark


@pytest.mark.parametrize("rate", [None, 0.0])
def test_without_noise_there_is_one_way_and_a_line_that_says_why(rate: float | None) -> None:
    noise = [] if rate is None else [nn.Dropout(rate)]
    model = nn.Sequential(nn.Flatten(), *noise, nn.Linear(16, 3))

    found = compare_inference(model, LABELLED, samples=[4])

    assert list(numbers(found)) == ["weight_scaling"]
    assert found.remarks == [
        "all 4 passes are equal: the network has no noise that can be switched on, so only "
        "`weight_scaling` is given"
    ]


def test_a_smaller_number_of_passes_has_the_first_of_the_same(monkeypatch) -> None:
    monkeypatch.setattr("dropout_study.training.inference.EVALUATION_BATCH", 2)
    model = NOISY["dropout"]()

    several = compare_inference(model, LABELLED, samples=[1, 3, 8])

    assert [(way.name, way.samples) for way in several.ways] == [
        *(("weight_scaling", 1), ("monte_carlo", 1), ("monte_carlo", 3), ("monte_carlo", 8)),
        ("single", 8),
    ]
    for index, count in ((2, 3), (3, 8)):
        (_, alone, _) = compare_inference(model, LABELLED, samples=[count]).ways
        assert several.ways[index].numbers == pytest.approx(alone.numbers)


TORCHS: dict[str, Callable[[], nn.Module]] = {
    "2d": lambda: nn.Sequential(nn.Dropout2d(0.1), nn.Flatten(), nn.Linear(16, 3)),
    "alpha": lambda: nn.Sequential(nn.Flatten(), nn.AlphaDropout(0.1), nn.Linear(16, 3)),
    "gaussian": lambda: nn.Sequential(nn.Flatten(), GaussianNoise(0.1), nn.Linear(16, 3)),
    "concrete": lambda: nn.Sequential(nn.Flatten(), ConcreteDropout(0.1), nn.Linear(16, 3)),
}


@pytest.mark.parametrize("kind", TORCHS)
def test_a_copy_has_another_rate_and_the_model_its_own(kind: str) -> None:
    model = TORCHS[kind]()
    ((layer, own),) = rates_of(model).items()

    strong = at_rate(model, [layer], 0.6)

    assert rates_of(strong) == {layer: pytest.approx(0.6)}
    assert rates_of(model) == {layer: own}
    found = compare_inference(model, LABELLED, samples=[30], at_rates={0.1: model, 0.6: strong})
    weak, much = (way.sd["loss"] for way in found.ways if way.name == "single")
    assert weak < much


@pytest.mark.parametrize(
    "model",
    [nn.LSTM(4, 4, num_layers=2, dropout=0.1), nn.MultiheadAttention(4, 2, dropout=0.1)],
    ids=lambda model: type(model).__name__,
)
def test_recurrent_layers_and_attention_have_a_rate_too(model: nn.Module) -> None:
    assert rates_of(at_rate(nn.Sequential(model), ["0"], 0.6)) == {"0": 0.6}


def test_a_rate_that_a_layer_cannot_have_is_refused() -> None:
    with pytest.raises(UserError, match=r"`p of layer 0` must be in \[0, 1\), got 1"):
        at_rate(nn.Sequential(GaussianNoise(0.1)), ["0"], 1)
