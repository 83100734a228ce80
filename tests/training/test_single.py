from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout
from torch.utils.data import DataLoader, TensorDataset

from dropout_study.data import Splits, fashion_mnist_mini
from dropout_study.errors import DivergedError
from dropout_study.models import MLP
from dropout_study.noise import ModelNoise, Noise
from dropout_study.training import TrainSettings, epoch_order, evaluate, train_single
from dropout_study.trial import Metrics

SETTINGS = TrainSettings(epochs=3, batch_size=50)  # 384 images: the last minibatch has 34


def mlp(**given: float | None) -> nn.Module:
    torch.manual_seed(0)
    usual = {"hidden1": 32, "hidden2": 32, "init_std": None}
    return MLP(in_shape=(1, 8, 8), classes=10, **{**usual, **given})


def wide() -> nn.Module:
    """The book's network, which a learning rate of 1e6 surely overflows."""
    return mlp(hidden1=256, hidden2=256, init_std=0.01)


def sgd(model: nn.Module, lr: float = 0.1) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def curve(history: list[Metrics]) -> list[Metrics]:
    """The history without what the clock says."""
    return [{**row, "seconds": 0.0} for row in history]


def trained(
    splits: Splits,
    settings: TrainSettings = SETTINGS,
    model: nn.Module | None = None,
    lr: float = 0.1,
) -> list[Metrics]:
    model = mlp() if model is None else model
    return curve(train_single(model, sgd(model, lr), splits, settings))


@pytest.mark.parametrize("rates", [(0.0, 0.0), (0.2, 0.5)])
def test_the_first_epoch_is_that_of_a_naive_loop(splits, rates):
    """The book's loop, with a DataLoader and sums on the host."""
    model = mlp(dropout1=rates[0], dropout2=rates[1])
    history = train_single(model, sgd(model), splits, SETTINGS)

    twin = mlp(dropout1=rates[0], dropout2=rates[1])
    noise = Noise(SETTINGS.seed, torch.device("cpu"))
    ModelNoise(twin, noise)
    optimizer = sgd(twin)
    train = splits.train
    images = TensorDataset(train.images.float() / 255, train.labels)
    for epoch, metrics in enumerate(history):
        order = epoch_order(len(train), SETTINGS.seed, epoch).tolist()
        loss_sum, correct = 0.0, 0
        twin.train()
        for iteration, (x, y) in enumerate(DataLoader(images, SETTINGS.batch_size, sampler=order)):
            noise.seek(epoch, iteration)
            logits = twin(x)
            losses = cross_entropy(logits, y, reduction="none")
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            loss_sum += losses.sum().item()
            correct += (logits.argmax(dim=1) == y).sum().item()
        # the same sums in another order: float32 rounds at 6e-8, some 1e3 roundings an epoch
        assert metrics["train_loss"] == pytest.approx(loss_sum / len(train), rel=1e-4)
        assert metrics["train_accuracy"] == pytest.approx(correct / len(train), abs=2 / len(train))
        assert metrics["test_loss"] == pytest.approx(evaluate(twin, splits.test)["loss"], rel=1e-4)


def test_it_learns_real_images():
    images = fashion_mnist_mini(val_size=1000, train_size=2000)
    torch.manual_seed(0)
    model = MLP(in_shape=images.in_shape, classes=10, init_std=None)
    history = trained(images, TrainSettings(epochs=4, batch_size=32), model, lr=0.02)
    assert [metrics["epoch"] for metrics in history] == [1, 2, 3, 4]
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2
    assert 0.65 < history[-1]["val_accuracy"] < 0.9
    assert 0.65 < history[-1]["test_accuracy"] < 0.9


def test_the_metrics_are_those_of_the_network_that_is_left(splits):
    model = mlp()
    last = train_single(model, sgd(model), splits, SETTINGS)[-1]
    assert {"loss": last["val_loss"], "accuracy": last["val_accuracy"]} == evaluate(
        model, splits.val
    )
    assert {"loss": last["test_loss"], "accuracy": last["test_accuracy"]} == evaluate(
        model, splits.test
    )
    assert last["seconds"] > 0


def test_without_validation_there_are_no_validation_metrics(splits):
    last = trained(replace(splits, val=None))[-1]
    assert (last["val_loss"], last["val_accuracy"]) == (None, None)
    assert last["test_loss"] > 0


def test_evaluated_data_does_not_touch_the_training(splits):
    def losses(given: Splits) -> list[float]:
        return [metrics["train_loss"] for metrics in trained(given)]

    other = replace(splits, val=None, test=splits.train)
    assert losses(splits) == losses(other)


class TestReproducible:
    def test_twice_is_bitwise_the_same(self, splits):
        assert trained(splits) == trained(splits)

    def test_another_seed_is_another_training_and_zero_is_a_seed(self, splits):
        first, second = (trained(splits, replace(SETTINGS, seed=seed)) for seed in (0, 1))
        assert first != second

    def test_torchs_own_generator_is_neither_read_nor_moved(self, splits):
        model, other = mlp(), mlp()
        torch.manual_seed(123)
        before = torch.get_rng_state()
        first = trained(splits, model=model)
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(456)
        assert trained(splits, model=other) == first

    def test_what_was_trained_before_does_not_matter(self, splits):
        settings = [replace(SETTINGS, seed=3), replace(SETTINGS, seed=4, batch_size=20)]
        forward = [trained(splits, given) for given in settings]
        backward = [trained(splits, given) for given in reversed(settings)]
        assert forward == backward[::-1]

    def test_an_interrupted_training_leaves_no_trace(self, splits):
        model = wide()
        before = torch.get_rng_state()
        with pytest.raises(DivergedError):
            trained(splits, model=model, lr=1e6)
        assert torch.equal(torch.get_rng_state(), before)

    def test_fewer_epochs_are_the_beginning_of_more(self, splits):
        assert trained(splits, replace(SETTINGS, epochs=2)) == trained(splits)[:2]

    def test_the_functional_noise_of_a_strangers_model_is_seeded_too(self, splits):
        torch.manual_seed(1)
        first = trained(splits, model=Functional())
        torch.manual_seed(2)
        assert trained(splits, model=Functional()) == first

    @pytest.mark.parametrize("layer", [nn.Dropout, nn.AlphaDropout])
    def test_so_are_the_layers_of_a_strangers_model(self, splits, layer):
        def stranger() -> nn.Module:
            torch.manual_seed(0)
            return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), layer(0.5), nn.Linear(16, 10))

        one, other = stranger(), stranger()
        torch.manual_seed(1)
        first = trained(splits, model=one)
        torch.manual_seed(2)
        assert trained(splits, model=other) == first


class Functional(nn.Module):
    """A network that draws its noise from torch's own generator."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(64, 10)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.out(dropout(images.flatten(1), 0.5, self.training))


class TestCommonRandomNumbers:
    def test_the_order_is_a_permutation_of_its_own_every_epoch(self):
        orders = [epoch_order(100, seed=seed, epoch=e).tolist() for seed in (0, 1) for e in (0, 1)]
        assert all(sorted(order) == list(range(100)) for order in orders)
        assert len({tuple(order) for order in orders}) == 4
        assert orders[0] == epoch_order(100, seed=0, epoch=0).tolist()

    @pytest.mark.parametrize("changed", [{"dropout1": 0.8}, {"hidden1": 8}])
    def test_every_model_sees_the_same_minibatches(self, splits, changed):
        def seen(model: nn.Module) -> list[Tensor]:
            batches: list[Tensor] = []
            model.register_forward_pre_hook(lambda _, given: batches.append(given[0].clone()))
            train_single(model, sgd(model), splits, SETTINGS)
            return batches

        usual, other = seen(mlp()), seen(mlp(**changed))
        assert all(torch.equal(a, b) for a, b in zip(usual, other, strict=True))

    def test_a_pair_of_equal_seeds_differs_less_than_one_of_different_seeds(self, splits):
        """What the pairing is for: the noise that two trials share leaves their difference."""

        def loss(rate: float, seed: int) -> float:
            settings = replace(SETTINGS, epochs=1, seed=seed)
            return trained(splits, settings, mlp(dropout1=rate))[-1]["train_loss"]

        seeds = range(20)
        low, high = ([loss(rate, seed) for seed in seeds] for rate in (0.5, 0.51))
        paired = [a - b for a, b in zip(low, high, strict=True)]
        unpaired = [a - b for a, b in zip(low, high[1:] + high[:1], strict=True)]
        assert torch.tensor(paired).std() < torch.tensor(unpaired).std() / 2


class TestEnd:
    def test_a_loss_that_is_not_finite_ends_the_training_at_once(self, splits, told):
        assert told(trained, splits, model=wide(), lr=1e6) == (
            "loss not finite at epoch 1; lower `optimizer.lr`"
        )

    @pytest.mark.parametrize(
        ("goes_on", "epochs"), [(lambda m: m["epoch"] < 2, 2), (lambda m: m["epoch"] > 0, 3)]
    )
    def test_a_listener_is_told_every_epoch_and_may_stop(
        self, splits, goes_on: Callable[[Metrics], bool], epochs
    ):
        heard: list[Metrics] = []

        def listener(metrics: Metrics) -> bool:
            heard.append(metrics)
            return goes_on(metrics)

        model = mlp()
        history = train_single(model, sgd(model), splits, SETTINGS, listener)
        assert history == heard
        assert len(history) == epochs


def test_a_batch_larger_than_the_data_is_one_batch(splits):
    whole, larger = (
        trained(splits, replace(SETTINGS, batch_size=size)) for size in (len(splits.train), 10**6)
    )
    assert whole == larger


def test_bfloat16_rounds_the_products_and_keeps_whole_weights(splits):
    settings = replace(SETTINGS, epochs=1)
    model = mlp()
    rounded, exact = trained(splits, replace(settings, bfloat16=True), model), trained(splits)
    assert rounded[0]["train_loss"] != exact[0]["train_loss"]
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_bfloat16_learns_like_float32(splits):
    history, exact = trained(splits, replace(SETTINGS, bfloat16=True)), trained(splits)
    assert len({metrics["val_loss"] for metrics in history}) == len(history)
    for rounded, whole in zip(history, exact, strict=True):
        # bfloat16 keeps 8 bits: a product is rounded by up to 2^-9 of itself
        assert rounded["train_loss"] == pytest.approx(whole["train_loss"], rel=0.01)
        assert rounded["val_loss"] == pytest.approx(whole["val_loss"], rel=0.01)


def test_a_network_trained_before_gets_the_noise_of_its_new_seed(splits):
    one, other = mlp(), mlp()
    trained(splits, replace(SETTINGS, seed=1, epochs=1), one)
    other.load_state_dict(one.state_dict())
    assert trained(splits, model=one) == trained(splits, model=other)
