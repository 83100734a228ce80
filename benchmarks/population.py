"""Trial-epochs per second of populations, compared with the floor and with a single trial.

python benchmarks/population.py                        on the best device; on a GPU, with rivals
python benchmarks/population.py --populations 256 --epochs 10 --device cuda --precision tf32
python benchmarks/population.py --share 0.002 --populations 2,4 --rivals vmap,processes    a test

The network is the book's (*Dive into Deep Learning*), the data are random images of Fashion-MNIST's
size. Times are of whole epochs (order, minibatches, noise, updates, test set), scaled to 60,000
training and 10,000 test images. The floor is the time of the epoch's matrix products alone, on the
same threads. The limit is computed from the device's measured speed of products and of memory.
Floor, single trial, population and rivals are timed in turn in every repeat, and ratios are taken
within a repeat.
"""

import argparse
import json
import resource
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import torch
from floor import (
    BATCH,
    cell,
    device_name,
    products,
    random_splits,
    seconds,
    summary,
)
from limits import least_seconds
from rivals import processes, train_vmapped

from dropout_study.data import Splits
from dropout_study.models import MLP
from dropout_study.training import TrainSettings, resolve_device, train_single
from dropout_study.training.population import Member, Plan, plan_for, train_population


def members(count: int, device: torch.device, *, bfloat16: bool, epochs: int) -> list[Member]:
    """Returns trials that differ in both rates and the learning rate."""

    def member(index: int) -> Member:
        spread = index / max(count - 1, 1)
        model = MLP(
            in_shape=(1, 28, 28), classes=10, dropout1=0.8 * spread, dropout2=0.8 * (1 - spread)
        ).to(device)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01 + 0.1 * spread)
        return Member(index, model, optimizer, TrainSettings(epochs, BATCH, bfloat16))

    return [member(index) for index in range(count)]


def floor(count: int, plan: Plan, share: float, dtype: torch.dtype, device: torch.device) -> None:
    """Computes the products of ``count`` trials with the plan's threads and buckets."""
    if plan.threads == 1:
        products(count, share, dtype, device)
        return
    before = torch.get_num_threads()
    with ThreadPoolExecutor(plan.threads, initializer=lambda: torch.set_num_threads(1)) as pool:
        list(pool.map(lambda _: products(1, share, dtype, device), range(count)))
    torch.set_num_threads(before)


HEAD = {
    "trial_epochs_per_second": "trial-epochs/s",
    "seconds_per_trial_epoch": "s per trial-epoch",
    "seconds_of_all": "s for all",
    "times_as_fast_as_single": "times as fast as one trial alone",
    "peak_memory_mib": "peak MiB",
}
JSON_ONLY = ("n", "share_of_the_data", "epochs", "floor_seconds", "single_seconds")

Runs = dict[str, tuple[Callable[[], object], int]]
"""The timed actions by name, each with the number of trials that it trains."""


def measure(count: int, args: argparse.Namespace, device: torch.device) -> dict[str, object]:
    """Returns the row of a population of ``count``."""
    splits = random_splits(args.share, device)
    times: dict[str, list[float]] = {}
    peak = 0.0
    with ExitStack() as opened:
        make_runs = runs_of(count, args, splits, device, opened)
        for repeat in range(args.repeats + 1):
            for name, (run, trials) in make_runs().items():
                if name == "population" and device.type == "cuda":
                    torch.cuda.reset_peak_memory_stats(device)
                epochs = 1 if name == "floor" else args.epochs
                taken = seconds(run, device) / (trials * args.share * epochs)
                if name == "population":
                    peak = max(peak, peak_mib(device))
                if repeat:  # the first round warms up
                    times.setdefault(name, []).append(taken)
    return row(count, times, args) | {"peak_memory_mib": peak}


def runs_of(
    count: int,
    args: argparse.Namespace,
    splits: Splits,
    device: torch.device,
    opened: ExitStack,
) -> Callable[[], Runs]:
    """Returns a function that makes the timed actions of a repeat, each with new members."""
    bfloat16 = args.precision == "bfloat16"
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    plan = plan_for(device, count)
    make = partial(members, bfloat16=bfloat16, epochs=args.epochs)
    in_processes = None
    if "processes" in args.rivals:
        tf32 = args.precision == "tf32"
        in_processes = opened.enter_context(processes(args.processes, splits, tf32))

    def runs() -> Runs:
        (one,) = make(1, device)
        made: Runs = {
            "floor": (partial(floor, count, plan, args.share, dtype, device), count),
            "single": (partial(train_single, one.model, one.optimizer, splits, one.settings), 1),
            "population": (partial(train_population, make(count, device), splits), count),
        }
        if "vmap" in args.rivals:
            made["vmap"] = (partial(train_vmapped, make(count, device), splits), count)
        if in_processes is not None:
            trials = -(-min(count, 4 * args.processes) // args.processes) * args.processes
            made["processes"] = (partial(in_processes, make, trials, device), trials)
        return made

    return runs


def row(count: int, times: dict[str, list[float]], args: argparse.Namespace) -> dict[str, object]:
    """Returns medians and ranges; ratios are taken within a repeat."""
    ours = times["population"]

    def ratios(name: str) -> dict[str, float]:
        return summary([other / own for other, own in zip(times[name], ours, strict=True)])

    whole = [own * count * args.epochs for own in ours]
    return {
        "P": count,
        "n": args.repeats,
        "share_of_the_data": args.share,
        "epochs": args.epochs,
        "trial_epochs_per_second": 1 / statistics.median(ours),
        "seconds_per_trial_epoch": summary(ours),
        "seconds_of_all": summary(whole),
        "floor_seconds": summary(times["floor"]),
        "single_seconds": summary(times["single"]),
        "times_the_floor": summary(
            [own / other for own, other in zip(ours, times["floor"], strict=True)]
        ),
        "share_of_the_limit": args.least / statistics.median(ours),
        **{f"times_as_fast_as_{name}": ratios(name) for name in ("single", *args.rivals)},
    }


def peak_mib(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def table(report: dict[str, object], rows: list[dict[str, object]]) -> str:
    """Returns the report as Markdown."""
    names = {key: HEAD.get(key, key.replace("_", " ")) for key in rows[0] if key not in JSON_ONLY}
    keys, head = list(names), list(names.values())
    lines = [", ".join(f"{name}: {value}" for name, value in report.items()), ""]
    lines += ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join(cell(row[key]) for key in keys) + " |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--populations", help="default: 1,4,16,64,256, on a GPU 1024 too")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=["float32", "tf32", "bfloat16"], default="float32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1, help="epochs of each trial")
    parser.add_argument("--rivals", help="vmap, processes or both; default: on a GPU both")
    parser.add_argument("--processes", type=int, default=4, help="processes that share the device")
    parser.add_argument("--share", type=float, help="share of the data; default: 1, on a CPU 0.1")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    args = parser.parse_args()
    device = resolve_device(args.device)
    gpu = device.type == "cuda"
    args.populations = args.populations or ("1,4,16,64,256,1024" if gpu else "1,4,16,64,256")
    rivals = args.rivals if args.rivals is not None else ("vmap,processes" if gpu else "")
    args.rivals = rivals.split(",") if rivals else []
    args.share = args.share or (1.0 if gpu else 0.1)
    torch.set_float32_matmul_precision("high" if args.precision == "tf32" else "highest")
    report: dict[str, object] = {
        "device": device_name(device),
        "torch": torch.__version__,
        "precision": args.precision,
        "share of the data": args.share,
        "epochs": args.epochs,
        **({"processes": args.processes} if "processes" in args.rivals else {}),
        "median (range) of n": args.repeats,
    }
    bfloat16 = args.precision == "bfloat16"
    args.least = least_seconds(torch.bfloat16 if bfloat16 else torch.float32, device)
    rows = []
    for count in map(int, args.populations.split(",")):
        rows.append(measure(count, args, device))
        print(table(report, rows[-1:]).splitlines()[-1], flush=True)
    print("\n" + table(report, rows))
    if args.out:
        args.out.write_text(json.dumps({**report, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
