"""What each noise layer costs: an epoch of the book's network with it, against standard dropout.

python benchmarks/noise_layers.py                                    single runs
python benchmarks/noise_layers.py --form population --share 0.1      members of a population of 4
python benchmarks/noise_layers.py --share 0.002 --repeats 1          a test

All layers are timed in turn in every repeat, and ratios are taken within a repeat. On a CPU the
times are of its processors, not of a clock: other programs disturb them little.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from time import process_time

import torch
from floor import BATCH, device_name, random_splits, ratio_row, ratio_table, seconds

from dropout_study.data import Splits
from dropout_study.models import MLP
from dropout_study.noise import (
    AlphaDropout,
    ConcreteDropout,
    DropConnect,
    Dropout,
    GaussianNoise,
    NoNoise,
    Standout,
    ThreeValuedNoise,
    UniformNoise,
)
from dropout_study.training import TrainSettings, resolve_device, train_single
from dropout_study.training.population import Member, train_population

LAYERS = {
    "dropout": Dropout,
    "none": NoNoise,
    "gaussian": GaussianNoise,
    "uniform": UniformNoise,
    "three_valued": ThreeValuedNoise,
    "alpha": AlphaDropout,
    "standout": Standout,
    "dropconnect": DropConnect,
    "concrete": ConcreteDropout,
}
"""By the names in ``conf/noise``; spatial dropout and DropBlock need images."""
HEAD = ("noise", "s per epoch", "times dropout")
STACK = 4


def member(name: str, index: int, device: torch.device) -> Member:
    """Returns a trial of the book's network with a noise; members differ in their rates."""
    model = MLP(
        in_shape=(1, 28, 28),
        classes=10,
        dropout1=0.2 + 0.05 * index,
        dropout2=0.5 - 0.05 * index,
        activation="selu" if name == "alpha" else "relu",
        noise=LAYERS[name],
    ).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return Member(index, model, optimizer, TrainSettings(epochs=1, batch_size=BATCH))


def train_alone(name: str, splits: Splits) -> None:
    one = member(name, 0, splits.train.labels.device)
    train_single(one.model, one.optimizer, splits, one.settings)


def train_together(name: str, splits: Splits) -> None:
    device = splits.train.labels.device
    results = train_population([member(name, i, device) for i in range(STACK)], splits)
    errors = [result.error for result in results.values() if result.error]
    if errors:
        raise errors[0]


def measure(form: str, splits: Splits, share: float, repeats: int) -> list[dict[str, object]]:
    """Returns a row for each layer."""
    device = splits.train.labels.device
    train, trials = (train_together, STACK) if form == "population" else (train_alone, 1)
    times: dict[str, list[float]] = {name: [] for name in LAYERS}
    for repeat in range(repeats + 1):
        for name, taken in times.items():
            before = process_time()
            of_clock = seconds(partial(train, name, splits), device)
            spent = process_time() - before if device.type == "cpu" else of_clock
            if repeat:  # the first round warms up
                taken.append(spent / (trials * share))
    return [ratio_row(HEAD, name, taken, times["dropout"]) for name, taken in times.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--form", choices=["single", "population"], default="single")
    parser.add_argument("--share", type=float, default=0.2, help="share of 60,000 images")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    args = parser.parse_args()
    device = resolve_device(args.device)
    rows = measure(args.form, random_splits(args.share, device), args.share, args.repeats)
    report = {
        "device": device_name(device),
        "torch": torch.__version__,
        "form": args.form,
        "share of the data": args.share,
        "median (range) of n": args.repeats,
    }
    print(*(f"{name}: {value}" for name, value in report.items()), "", ratio_table(rows), sep="\n")
    if args.out:
        args.out.write_text(json.dumps({**report, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
