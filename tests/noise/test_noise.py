import itertools
import logging
import math
import pickle
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from dropout_study.errors import UserError
from dropout_study.models import MLP, DeepMLP
from dropout_study.noise import LEVELS, Dropout, LinearSchedule, ModelNoise, Noise, NoiseLayer
from dropout_study.noise.attach import log_noise

CPU = torch.device("cpu")
N = 1_000_000


def noise_at(epoch: int = 0, iteration: int = 0, seed: int = 0) -> Noise:
    noise = Noise(seed, CPU)
    noise.seek(epoch, iteration)
    return noise


def seeded(p: float, noise: Noise, number: int = 0) -> Dropout:
    """A layer of rate ``p`` that is the ``number``-th of its model."""
    layers = [Dropout(p) for _ in range(number + 1)]
    ModelNoise(nn.Sequential(*layers), noise)
    return layers[number]


def use_noise(model: nn.Module, noise: Noise) -> nn.Module:
    ModelNoise(model, noise)
    return model


def kept(p: float, noise: Noise, layer: int = 0, shape: tuple[int, ...] = (N,)) -> Tensor:
    """Which units a layer of rate ``p`` keeps: bool of ``shape``."""
    return seeded(p, noise, layer)(torch.ones(shape)) != 0


def dropouts(model: nn.Module) -> list[Dropout]:
    return [layer for layer in model.modules() if isinstance(layer, NoiseLayer)]


@pytest.mark.parametrize("p", [0.01, 0.2, 0.5, 0.8, 0.99])
class TestRate:
    def test_a_share_of_1_minus_p_is_kept(self, p):
        deviation = math.sqrt(p * (1 - p) / N)  # of a binomial share
        assert abs(kept(p, noise_at()).float().mean().item() - (1 - p)) < 5 * deviation

    def test_kept_units_are_scaled_by_1_over_1_minus_p(self, p):
        x = torch.randn(1000)
        y = seeded(p, noise_at())(x)
        # the rate is rounded to half a level, which changes 1 - p by up to that share of itself
        scaled, tolerance = x / (1 - p), 0.5 / LEVELS / (1 - p) + 1e-6
        assert torch.allclose(y[y != 0], scaled[y != 0], rtol=tolerance, atol=0)

    def test_the_expectation_is_the_input(self, p):
        y = seeded(p, noise_at())(torch.ones(N))
        deviation = math.sqrt(p / (1 - p) / N)  # of the mean of N draws that are 0 or 1 / (1 - p)
        assert abs(y.mean().item() - 1) < 5 * deviation

    def test_units_are_dropped_independently_of_their_neighbours(self, p):
        keep = kept(p, noise_at()).float()
        for distance in (1, 2, 3, 4):  # four draws are cut from one integer
            both = (keep[:-distance] * keep[distance:]).mean().item()
            q = (1 - p) ** 2
            # neighbouring pairs overlap, which at most triples the variance of their share
            assert abs(both - q) < 5 * math.sqrt(3 * q * (1 - q) / N)

    def test_gradients_pass_where_units_are_kept(self, p):
        x = torch.randn(1000, requires_grad=True)
        y = seeded(p, noise_at())(x)
        y.sum().backward()
        assert torch.allclose(x.grad * x.detach(), y.detach())


def test_draws_are_even_on_all_levels():
    draws = noise_at().draw(0, torch.Size([N])).long() + LEVELS // 2
    assert (draws.min() >= 0) & (draws.max() < LEVELS)
    # Pearson's statistic over 256 equal bins has mean 255 and deviation sqrt(2 * 255)
    for bins in (draws // 256, draws % 256):
        counts = bins.bincount(minlength=256)
        statistic = ((counts - N / 256) ** 2 / (N / 256)).sum().item()
        assert abs(statistic - 255) < 5 * math.sqrt(2 * 255)


def test_evaluation_drops_nothing():
    x = torch.randn(100)
    assert seeded(0.9, noise_at()).eval()(x) is x


def test_rate_zero_drops_nothing_in_training_either():
    x = torch.randn(100)
    assert torch.equal(seeded(0.0, noise_at())(x), x)


@pytest.mark.parametrize("p", [0.9999, math.nextafter(1, 0)])
def test_a_rate_near_one_stays_finite(p):
    y = seeded(p, noise_at())(torch.ones(N))
    assert y.isfinite().all()
    assert 0 < (y != 0).sum() < 2e-4 * N


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4, 5), (0, 4)])
def test_shape_and_dtype_are_kept(dtype, shape):
    y = seeded(0.5, noise_at())(torch.ones(shape, dtype=dtype))
    assert (y.shape, y.dtype) == (shape, dtype)


class TestCommonRandomNumbers:
    def test_a_higher_rate_keeps_a_subset(self):
        keeps = [kept(p, noise_at(epoch=3, iteration=7)) for p in (0.1, 0.2, 0.5, 0.9)]
        for more, fewer in itertools.pairwise(keeps):
            assert (fewer <= more).all()
            assert fewer.sum() < more.sum()

    def test_a_draw_is_a_function_of_its_position_alone(self):
        noise = noise_at()
        for epoch, iteration in ((0, 0), (5, 1), (2, 9)):  # whatever was drawn before
            noise.seek(epoch, iteration)
            kept(0.3, noise, layer=1)
            again = kept(0.5, noise_at(epoch, iteration), layer=2)
            assert torch.equal(kept(0.5, noise, layer=2), again)

    def test_a_draw_neither_reads_nor_moves_torchs_own_generator(self):
        torch.manual_seed(1)
        before = torch.get_rng_state()
        first = kept(0.5, noise_at())
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(2)
        assert torch.equal(kept(0.5, noise_at()), first)

    def test_other_positions_give_independent_draws(self):
        base = kept(0.5, noise_at())
        others = [
            kept(0.5, noise_at(epoch=1)),
            kept(0.5, noise_at(iteration=1)),
            kept(0.5, noise_at(seed=1)),
            kept(0.5, noise_at(), layer=1),
        ]
        for one, other in itertools.combinations([base, *others], 2):
            agreement = (one == other).float().mean().item()
            assert abs(agreement - 0.5) < 5 * math.sqrt(0.25 / N)

    @pytest.mark.parametrize(
        "changed", [{"hidden1": 512}, {"dropout1": 0.0}, {"dropout1": 0.9}, {"input_dropout": 0.3}]
    )
    def test_layer_2_does_not_depend_on_what_comes_before_it(self, changed):
        def second(**arguments: float) -> Tensor:
            model = use_noise(MLP(in_shape=(1, 4, 4), classes=3, **arguments), noise_at())
            return dropouts(model)[-1](torch.ones(32, 256))

        assert torch.equal(second(), second(**changed))

    def test_the_depth_behind_a_layer_does_not_matter(self):
        shallow, deep = (
            use_noise(DeepMLP(in_shape=(1, 4, 4), classes=3, widths=[8] * depth), noise_at())
            for depth in (1, 3)
        )
        x = torch.ones(32, 8)
        assert torch.equal(dropouts(shallow)[0](x), dropouts(deep)[0](x))


class Nested(nn.Module):
    """A model of a stranger: plain dropout layers, here and there."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.3), nn.Sequential(nn.Dropout(0.4)))
        self.head = nn.ModuleDict({"drop": nn.Dropout(0.5), "out": nn.Linear(6, 2)})

    def forward(self, x: Tensor) -> Tensor:
        return self.head["out"](self.head["drop"](self.body(x)))


class TestModelNoise:
    def test_every_plain_layer_has_seeded_noise_and_keeps_its_rate(self):
        model = use_noise(Nested(), noise_at())
        assert [layer.p for layer in dropouts(model)] == [0.3, 0.4, 0.5]
        assert [layer.number for layer in dropouts(model)] == [0, 1, 2]

    def test_a_layer_stays_the_same_object_wherever_it_is_held(self):
        model = Nested()
        held = [model.body[1], model.body[2][0]]
        use_noise(model, noise_at())
        assert dropouts(model)[:2] == held
        model.eval()
        assert not any(layer.training for layer in held)

    def test_hooks_of_a_layer_are_called(self):
        model, seen = Nested(), []
        model.body[1].register_forward_hook(lambda *_: seen.append(1))
        use_noise(model, noise_at())(torch.ones(1, 6))
        assert seen == [1]

    @pytest.mark.parametrize("base", [nn.Dropout, nn.AlphaDropout])
    def test_a_layer_of_the_users_own_is_left_alone(self, base):
        layer = type("Mine", (base,), {"forward": lambda _, x: x + 1})(0.5)
        model = use_noise(nn.Sequential(layer), noise_at())
        assert type(model[0]) is type(layer)
        assert torch.equal(model(torch.ones(2)), torch.full((2,), 2.0))

    def test_closed_the_model_is_as_it_was(self):
        model = Nested()
        before = [dict(vars(layer)) for layer in model.modules()]
        with ModelNoise(model, noise_at()):
            assert dropouts(model)
        assert not dropouts(model)
        assert [dict(vars(layer)) for layer in model.modules()] == before

    @pytest.mark.filterwarnings("ignore:You are using `torch.load`:FutureWarning")  # 2.4 itself
    @pytest.mark.parametrize("copy", [deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
    def test_a_copy_of_a_model_in_training_is_a_plain_model(self, copy):
        model = Nested()
        with ModelNoise(model, noise_at()):
            twin = copy(model)
        assert [type(m) for m in twin.modules()] == [type(m) for m in model.modules()]
        torch.manual_seed(0)
        first = twin(torch.ones(5, 6))
        torch.manual_seed(0)
        assert torch.equal(first, twin(torch.ones(5, 6)))

    def test_printed_it_is_the_users_model(self):
        model = Nested()
        text = str(model)
        assert str(use_noise(model, noise_at())) == text

    def test_the_layers_draw_independently(self):
        masks = [layer(torch.ones(N)) != 0 for layer in dropouts(use_noise(Nested(), noise_at()))]
        for one, other in itertools.combinations(masks, 2):
            p = one.float().mean() * other.float().mean()
            both = (one & other).float().mean()
            assert abs(both - p) < 5 * math.sqrt(p * (1 - p) / N)

    def test_a_strangers_model_becomes_reproducible(self):
        noise, x = noise_at(epoch=1), torch.rand(5, 6)
        model = use_noise(Nested(), noise)
        torch.manual_seed(1)
        first = model(x)
        noise.seek(1, 0)
        torch.manual_seed(2)
        assert torch.equal(model(x), first)

    def test_weights_names_and_mode_are_kept(self):
        model = Nested()
        names, weight = list(model.state_dict()), model.head["out"].weight
        use_noise(model, noise_at())
        assert list(model.state_dict()) == names
        assert model.head["out"].weight is weight
        assert torch.equal(model.eval()(torch.ones(1, 6)), model(torch.ones(1, 6)))

    def test_a_model_may_be_one_dropout_layer(self):
        model = use_noise(nn.Dropout(0.5), noise_at())
        assert dropouts(model) == [model]

    def test_in_place_is_in_place(self):
        x = torch.ones(100)
        y = use_noise(nn.Dropout(0.5, inplace=True), noise_at())(x)
        assert y is x
        assert (x == 0).any()

    @pytest.mark.parametrize("p", [math.nan, -0.1, 1.5])
    @pytest.mark.parametrize("kind", [nn.Dropout, nn.Dropout2d, nn.AlphaDropout, Dropout])
    def test_a_rate_that_is_none_is_refused(self, kind, p):
        model = nn.Sequential(nn.Linear(2, 2), kind(0.5))
        model[1].p = p
        with pytest.raises(UserError, match="`p of layer 1` must be in"):
            ModelNoise(model, noise_at())

    def test_at_rate_1_all_is_0_as_torch_has_it(self):
        model = use_noise(nn.Dropout(1.0), noise_at())
        assert torch.equal(model(torch.ones(1000)), torch.zeros(1000))

    def test_the_log_says_once_which_layers_have_seeded_noise(self, caplog):
        model = nn.Sequential(nn.Dropout(0.25), nn.Linear(2, 2), nn.AlphaDropout(0.25))
        with caplog.at_level(logging.INFO):
            log_noise(model)
            log_noise(model)
        assert [record.getMessage() for record in caplog.records] == [
            "seeded noise in layers 0; drawn from torch's global generator: 2 (AlphaDropout)"
        ]


class TestBeginEpoch:
    def test_a_schedule_sets_the_rates_and_closing_restores_them(self):
        model = nn.Sequential(nn.Dropout(0.4), nn.Dropout(0.0))
        with ModelNoise(model, noise_at()) as noise:
            rates = []
            for epoch in (1, 2, 3):
                noise.begin_epoch(epoch, 3, LinearSchedule(start=0.5, end=1.5))
                rates.append([layer.p for layer in model])
        assert rates == [[0.2, 0.0], [0.4, 0.0], [pytest.approx(0.6), 0.0]]
        assert [layer.p for layer in model] == [0.4, 0.0]

    def test_a_module_with_the_method_is_told(self):
        told = []
        model = nn.Sequential(nn.Linear(1, 1))
        model[0].begin_epoch = lambda epoch, epochs: told.append((epoch, epochs))
        with ModelNoise(model, noise_at()) as noise:
            noise.begin_epoch(2, 5)
        assert told == [(2, 5)]

    def test_a_rate_out_of_range_is_refused(self):
        noise = ModelNoise(nn.Dropout(0.6), noise_at())
        with pytest.raises(UserError, match="scheduled rate of epoch 1"):
            noise.begin_epoch(1, 2, LinearSchedule(start=2.0))


class TestCalls:
    def test_a_layer_called_twice_draws_twice(self):
        """A stranger's model often has one ``self.dropout`` and calls it after several layers."""
        layer, x = seeded(0.5, noise_at()), torch.ones(1000)
        assert not torch.equal(layer(x), layer(x))

    def test_its_second_draw_depends_on_nothing_but_being_the_second(self):
        def second(*firsts: int) -> Tensor:
            layer = seeded(0.5, noise_at(iteration=2))
            for size in firsts:
                layer(torch.ones(size))
            return layer(torch.ones(1000))

        assert torch.equal(second(10), second(1000))
