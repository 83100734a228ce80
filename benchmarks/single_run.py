"""One epoch of the book's network, timed: the book's script, our single run, the floor.

python benchmarks/single_run.py                              on two cores about two minutes
python benchmarks/single_run.py --precision bfloat16 --workers none --out single_run.json
python benchmarks/single_run.py --share 0.002                a test

All three do one epoch on Fashion-MNIST (60,000 images in batches of 256, then the 10,000 test
images), in turn in every repeat; ratios are taken within a repeat. The floor is the time of the
epoch's matrix products alone. The book is *Dive into Deep Learning*; its script is the concise
version in section 5.6 without the plot: float32, on the CPU, with 6 worker processes as in the book
and with none. With ``--share`` the data are random images, and the book's script is left out.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from floor import BATCH, device_name, products, random_splits, ratio_row, ratio_table, seconds
from torch import Tensor, nn
from torch.utils.data import DataLoader

from dropout_study.data import Splits, fashion_mnist
from dropout_study.data.idx import encode_idx
from dropout_study.data.image_sets import FASHION_MNIST
from dropout_study.models import MLP
from dropout_study.training import TrainSettings, resolve_device, train_single

Batches = DataLoader[tuple[Tensor, Tensor]]
HEAD = ("what", "s per epoch", "times the floor")


def book_data(root: Path, workers: int) -> tuple[Batches, Batches]:
    """Returns the book's training and test data, from files in torchvision's form."""
    from torchvision import datasets, transforms

    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, part in FASHION_MNIST.load(None).items():
        (raw / name).write_bytes(encode_idx(part))

    def batches(train: bool) -> Batches:
        images = datasets.FashionMNIST(root, train=train, transform=transforms.ToTensor())
        return DataLoader(images, BATCH, shuffle=train, num_workers=workers)

    return batches(True), batches(False)


def book_net() -> nn.Module:
    """Returns the book's network with its initial weights."""

    def init_weights(module: nn.Module) -> None:
        if type(module) is nn.Linear:
            nn.init.normal_(module.weight, std=0.01)

    net = nn.Sequential(
        *(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2)),
        *(nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10)),
    )
    return net.apply(init_weights)


def book_epoch(net: nn.Module, train: Batches, test: Batches) -> tuple[float, float, float]:
    """Trains one epoch and evaluates; returns train loss, train accuracy and test accuracy."""
    loss = nn.CrossEntropyLoss(reduction="none")
    trainer = torch.optim.SGD(net.parameters(), lr=0.5)
    net.train()
    total_loss, correct, seen = 0.0, 0.0, 0
    for images, labels in train:
        predicted = net(images)
        each = loss(predicted, labels)
        trainer.zero_grad()
        each.mean().backward()
        trainer.step()
        total_loss += float(each.detach().sum())
        correct += accurate(predicted, labels)
        seen += labels.numel()
    net.eval()
    test_correct, test_seen = 0.0, 0
    with torch.no_grad():
        for images, labels in test:
            test_correct += accurate(net(images), labels)
            test_seen += labels.numel()
    return total_loss / seen, correct / seen, test_correct / test_seen


def accurate(predicted: Tensor, labels: Tensor) -> float:
    """Returns the number of correct predictions, counted as the book does."""
    return float((predicted.argmax(dim=1).type(labels.dtype) == labels).type(labels.dtype).sum())


def our_epoch(splits: Splits, bfloat16: bool) -> None:
    model = MLP(in_shape=splits.in_shape, classes=splits.classes).to(splits.train.labels.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    train_single(model, optimizer, splits, TrainSettings(epochs=1, bfloat16=bfloat16))


def measure(
    runs: dict[str, Callable[[], object]], repeats: int, device: torch.device
) -> list[dict[str, object]]:
    """Returns a row for each run; times are compared with those of the run "floor"."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        for name, run in runs.items():
            taken = seconds(run, device)
            if repeat:  # the first round warms up
                times[name].append(taken)
    return [ratio_row(HEAD, name, taken, times["floor"]) for name, taken in times.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", default="6,0", help="workers of the book's script, or none")
    parser.add_argument("--device", default="auto", help="device of our run and the floor")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--share", type=float, help="share of the data, for a test")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    args = parser.parse_args()
    device = resolve_device(args.device)
    bfloat16 = args.precision == "bfloat16"
    share = args.share or 1.0
    splits = random_splits(share, device) if args.share else fashion_mnist(val_size=0).to(device)
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    runs: dict[str, Callable[[], object]] = {
        "floor": partial(products, 1, share, dtype, device),
        "our single run": partial(our_epoch, splits, bfloat16),
    }
    with tempfile.TemporaryDirectory() as root:
        for workers in map(
            int, [] if args.share or args.workers == "none" else args.workers.split(",")
        ):
            loaders = book_data(Path(root), workers)
            name = f"the book's script, {workers} workers"
            runs[name] = partial(book_epoch, book_net(), *loaders)
        rows = measure(runs, args.repeats, device)
    report: dict[str, object] = {
        "device": device_name(device),
        "torch": torch.__version__,
        "precision": args.precision,
        **({"share of the data": args.share} if args.share else {}),
        "median (range) of n": args.repeats,
    }
    told = ", ".join(f"{name}: {value}" for name, value in report.items())
    print(told, "", ratio_table(rows), sep="\n")
    if args.out:
        args.out.write_text(json.dumps({**report, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
