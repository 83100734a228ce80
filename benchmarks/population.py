"""Trial-epochs a second of populations of the article's network, beside the floor and one trial.

python benchmarks/population.py                                  on the best device there is
python benchmarks/population.py --populations 1,64,1024 --device cuda --precision bfloat16

The data are random images of Fashion-MNIST's size; times are of whole epochs (order, minibatches,
noise, updates, test set) scaled to 60,000 training and 10,000 test images. The floor is the
epoch's matrix products alone, on the same threads. Floor, single trial and population are timed
in turn in every repeat, and ratios are taken within a repeat.
"""

import argparse
import json
import resource
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import torch
from floor import BATCH, TEST, TRAIN, cell, device_name, products, seconds, summary

from dropout_study.data import Examples, Splits
from dropout_study.models import MLP
from dropout_study.training import TrainSettings, resolve_device, train_single
from dropout_study.training.population import Member, Plan, plan_for, train_population


def random_splits(share: float, device: torch.device) -> Splits:
    """Returns uint8 images of Fashion-MNIST's shape, ``share`` of its number."""

    def examples(count: int) -> Examples:
        images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8)
        return Examples(images, torch.randint(0, 10, (count,)))

    return Splits(examples(int(TRAIN * share)), None, examples(int(TEST * share)), 10).to(device)


def members(count: int, bfloat16: bool, device: torch.device) -> list[Member]:
    """Returns trials that differ in both rates and the learning rate, for one epoch."""

    def member(index: int) -> Member:
        spread = index / max(count - 1, 1)
        model = MLP(
            in_shape=(1, 28, 28), classes=10, dropout1=0.8 * spread, dropout2=0.8 * (1 - spread)
        ).to(device)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01 + 0.1 * spread)
        return Member(index, model, optimizer, TrainSettings(1, BATCH, bfloat16))

    return [member(index) for index in range(count)]


def floor(count: int, plan: Plan, share: float, dtype: torch.dtype, device: torch.device) -> None:
    """The products of ``count`` trials on the plan's threads and lanes."""
    if plan.threads == 1:
        products(count, share, dtype, device)
        return
    before = torch.get_num_threads()
    with ThreadPoolExecutor(plan.threads, initializer=lambda: torch.set_num_threads(1)) as pool:
        list(pool.map(lambda _: products(1, share, dtype, device), range(count)))
    torch.set_num_threads(before)


def measure(count: int, args: argparse.Namespace, device: torch.device) -> dict[str, object]:
    """Returns the row of a population of ``count``."""
    bfloat16 = args.precision == "bfloat16"
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    share = args.share or (1.0 if device.type == "cuda" else 0.1)
    splits = random_splits(share, device)
    plan = plan_for(device, count)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    times: dict[str, list[float]] = {"floor": [], "single": [], "population": []}
    for repeat in range(args.repeats + 1):
        (one,) = members(1, bfloat16, device)
        runs: dict[str, tuple[Callable[[], object], int]] = {
            "floor": (partial(floor, count, plan, share, dtype, device), count),
            "single": (partial(train_single, one.model, one.optimizer, splits, one.settings), 1),
            "population": (
                partial(train_population, members(count, bfloat16, device), splits),
                count,
            ),
        }
        for name, (run, trials) in runs.items():
            taken = seconds(run, device) / (trials * share)
            if repeat:  # the first round warms up
                times[name].append(taken)
    to_floor = [p / f for p, f in zip(times["population"], times["floor"], strict=True)]
    speed_up = [s / p for s, p in zip(times["single"], times["population"], strict=True)]
    return {
        "P": count,
        "n": args.repeats,
        "share_of_the_data": share,
        "trial_epochs_per_second": 1 / statistics.median(times["population"]),
        "seconds_per_trial_epoch": summary(times["population"]),
        "floor_seconds": summary(times["floor"]),
        "single_seconds": summary(times["single"]),
        "times_the_floor": summary(to_floor),
        "times_as_fast_as_single": summary(speed_up),
        "peak_memory_mib": peak_mib(device),
    }


def peak_mib(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def table(report: dict[str, object], rows: list[dict[str, object]]) -> str:
    """Returns the report as Markdown."""
    head = (
        "P",
        "trial-epochs/s",
        "s per trial-epoch",
        "times the floor",
        "times as fast as one trial alone",
        "peak MiB",
    )
    keys = (
        "P",
        "trial_epochs_per_second",
        "seconds_per_trial_epoch",
        "times_the_floor",
        "times_as_fast_as_single",
        "peak_memory_mib",
    )
    lines = [", ".join(f"{name}: {value}" for name, value in report.items()), ""]
    lines += ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join(cell(row[key]) for key in keys) + " |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--populations", default="1,4,16,64,256")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=["float32", "tf32", "bfloat16"], default="float32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--share", type=float, help="of the data; default: 1, on a CPU 0.1")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    args = parser.parse_args()
    device = resolve_device(args.device)
    torch.set_float32_matmul_precision("high" if args.precision == "tf32" else "highest")
    report: dict[str, object] = {
        "device": device_name(device),
        "torch": torch.__version__,
        "precision": args.precision,
        "median (range) of n": args.repeats,
    }
    rows = []
    for count in map(int, args.populations.split(",")):
        rows.append(measure(count, args, device))
        print(table(report, rows[-1:]).splitlines()[-1], flush=True)
    print("\n" + table(report, rows))
    if args.out:
        args.out.write_text(json.dumps({**report, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
