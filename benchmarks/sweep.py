"""A sweep of 16 trials x 3 epochs on Fashion-MNIST: the peer, our workers, our population.

python benchmarks/sweep.py                  all three in turn, 3 times; half an hour on two cores
python benchmarks/sweep.py --quickstart     the quickstart's time to its best validation accuracy
python benchmarks/sweep.py --contenders workers,population --repeats 1 --out sweep.json

The peer is the task of the book (*Dive into Deep Learning*) with hydra-optuna-sweeper and
hydra-joblib-launcher, one process a core with one thread each (``sweep_peer.py``). It runs in its
own environment, made under --env with this one's torch and torchvision. For each contender the
whole command is timed: start-up, search, training, tables. All train on 55,000 images and evaluate
5,000 + 10,000 after every epoch. The sampler is random, so that the search takes no time. The
learning rates are such that no trial diverges and ends early.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from time import time

import torch
from floor import cell, device_name, summary
from omegaconf import OmegaConf

from dropout_study.data import fashion_mnist, fashion_mnist_mini
from dropout_study.data.idx import IDX_FILES, encode_idx
from dropout_study.paths import StudyPaths, conf_dir
from dropout_study.results.record import read_record

PEER_PACKAGES = ("hydra-optuna-sweeper==1.4.0rc3", "hydra-joblib-launcher==1.4.0rc3")
PEER_TASK = Path(__file__).with_name("sweep_peer.py")
SPACE = {
    "model.dropout1": "interval(0, 0.8)",
    "model.dropout2": "interval(0, 0.8)",
    "optimizer.lr": "tag(log, interval(0.05, 0.5))",
}
APART = 1e-5  # seconds: a file system's clock ticks in milliseconds, and two trials may share one
NO_PRUNING = "hydra/sweeper/pruner=none"
HEAD = {
    False: ("sweep", "s", "s per trial-epoch", "times as fast as the peer"),
    True: ("sweep", "s", "best validation accuracy", "s to it", "s to the peer's best"),
}


Result = dict[str, float]
"""The seconds of a command, and "at <seconds>" -> the value of a trial that ended at that time."""


def peer_python(directory: Path) -> Path:
    """Makes the peer's environment if it is missing: its packages, and this one's torch."""
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--pre", *PEER_PACKAGES]
        subprocess.run(install, check=True)
        (site,) = (directory / "lib").glob("python*/site-packages")
        (site / "torch_of_the_other.pth").write_text(f"{Path(torch.__file__).parents[1]}\n")
    return python.absolute()


def write_idx(root: Path, mini: bool) -> None:
    """Writes the images as torchvision reads them."""
    splits = (fashion_mnist_mini if mini else fashion_mnist)(val_size=0)
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    parts = [t for part in (splits.train, splits.test) for t in (part.images[:, 0], part.labels)]
    for name, part in zip(IDX_FILES, parts, strict=True):
        (raw / name).write_bytes(encode_idx(part.to(torch.uint8)))


def peer_command(args: argparse.Namespace, root: Path, space: dict[str, str]) -> list[str]:
    """Returns the peer's command, as its users write it: one job a core."""
    cores = os.cpu_count() or 1
    searched = [f"{key.rpartition('.')[2]}={text}" for key, text in space.items()]
    sizes = ("val_size=1000", "batch_size=64") if args.quickstart else (f"epochs={args.epochs}",)
    return [
        *(str(peer_python(args.env)), str(PEER_TASK), "--multirun", f"root={root}", *searched),
        *("hydra/sweeper=optuna", "hydra/launcher=joblib", "hydra.sweep.dir=peer", *sizes),
        *(f"hydra/sweeper/sampler={sampler(args)}", "hydra.sweeper.sampler.seed=0"),
        *(f"hydra.sweeper.n_jobs={cores}", f"hydra.launcher.n_jobs={cores}"),
        *(f"hydra.sweeper.n_trials={args.trials}", "hydra.sweeper.direction=maximize"),
    ]


def our_command(args: argparse.Namespace, name: str, space: dict[str, str]) -> list[str]:
    """Returns our own command."""
    launcher = [f"hydra/launcher={'population' if name == 'population' else 'basic'}"]
    given = [f"{key}={text}" for key, text in space.items()]
    if args.quickstart:
        what = [
            "experiment=quickstart",
            "trainer.measure=[]",
            *given,
            "optimizer=sgd",
            "lr_schedule=constant",
        ]
        what.append("search_space.enqueue=[]")
    else:
        what = [*given, f"trainer.epochs={args.epochs}", NO_PRUNING]
        what += [f"hydra/sweeper/sampler={sampler(args)}", "hydra.sweeper.sampler.seed=0"]
    return [
        *(sys.executable, "-m", "dropout_study", "--multirun", *what, *launcher, "report=none"),
        *(f"hydra.sweeper.n_trials={args.trials}", f"hydra.sweep.dir={name}"),
        *(f"trainer.precision={args.precision}",),
    ]


def sampler(args: argparse.Namespace) -> str:
    return "tpe" if args.quickstart else "random"


def run(name: str, args: argparse.Namespace, data: Path, space: dict[str, str]) -> Result:
    """Runs a contender in an empty directory; returns its seconds and the trials' values."""
    command = peer_command(args, data, space) if name == "peer" else our_command(args, name, space)
    with tempfile.TemporaryDirectory() as work:
        started = time()
        environment = {**os.environ, "OMP_NUM_THREADS": "1"} if name == "peer" else None
        ended = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
        taken = time() - started
        if ended.returncode:
            sys.exit(f"{name} has failed:\n{ended.stdout[-2000:]}{ended.stderr[-4000:]}")
        values = peer_values if name == "peer" else our_values
        found = {when - started: value for when, value in values(Path(work) / name).items()}
    if len(found) < (1 if args.quickstart else args.trials):
        sys.exit(f"{name}: {len(found)} of {args.trials} trials have a value")
    return {"seconds": taken, **{f"at {when:.5f}": value for when, value in found.items()}}


def peer_values(root: Path) -> dict[float, float]:
    """Returns when each trial ended, and its validation accuracy."""
    files = enumerate(root.glob("*/value.txt"))
    return {p.stat().st_mtime + i * APART: float(p.read_text()) for i, p in files}


def our_values(root: Path) -> dict[float, float]:
    """Returns when each complete trial ended, and its validation accuracy."""
    ended: dict[float, float] = {}
    for number, job in StudyPaths(root).jobs():
        record = read_record(number, job)
        if record["state"] == "COMPLETE":
            when = job.metrics_json.stat().st_mtime + number * APART
            ended[when] = float(record["value"])
    return ended


def until(result: Result, least: float) -> float:
    """Returns the seconds after which a trial with at least that accuracy had ended."""
    times = (float(k[3:]) for k, v in result.items() if k.startswith("at ") and v >= least)
    return min(times, default=float("nan"))


def best(result: Result) -> float:
    return max(value for key, value in result.items() if key.startswith("at "))


def rows(results: dict[str, list[Result]], args: argparse.Namespace) -> list[list[object]]:
    """Returns the lines of the table; ratios are taken within a repeat."""
    lines: list[list[object]] = []
    for name, own in results.items():
        line: list[object] = [name, summary([each["seconds"] for each in own])]
        peers = results.get("peer", own)
        if args.quickstart:
            line.append(summary([best(each) for each in own]))
            line.append(summary([until(each, best(each)) for each in own]))
            goals = zip(own, peers, strict=True)
            line.append(summary([until(each, best(peer)) for each, peer in goals]))
        else:
            line.append(summary([each["seconds"] / (args.trials * args.epochs) for each in own]))
            ratios = [p["seconds"] / o["seconds"] for p, o in zip(peers, own, strict=True)]
            line.append(summary(ratios) if "peer" in results else "-")
        lines.append(line)
    return lines


def table(head: tuple[str, ...], lines: list[list[object]]) -> str:
    """Returns the lines as Markdown."""
    text = [head, ["---"] * len(head), *([cell(value) for value in line] for line in lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contenders", default="peer,workers,population")
    parser.add_argument("--quickstart", action="store_true", help="its space, plain SGD, 20 trials")
    parser.add_argument("--trials", type=int, help="default: 16, of the quickstart 20")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument(
        "--precision", default="float32", help="precision of ours; the peer uses float32"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--env", type=Path, default=Path(".peer-env"), help="the peer's environment"
    )
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    args = parser.parse_args()
    args.trials = args.trials or (20 if args.quickstart else 16)
    return args


def main() -> None:
    args = arguments()
    space = SPACE
    if args.quickstart:
        space = dict(OmegaConf.load(conf_dir() / "search_space" / "quickstart.yaml").params)
        space["optimizer.lr"] = "tag(log, interval(0.02, 0.5))"  # for both: the peer has plain SGD
    names = args.contenders.split(",")
    results: dict[str, list[Result]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as data:
        if "peer" in names:
            peer_python(args.env)
            write_idx(Path(data), args.quickstart)
        for repeat in range(args.repeats):
            for name in names:
                results[name].append(run(name, args, Path(data), space))
                print(f"{repeat + 1}. {name}: {results[name][-1]['seconds']:.1f} s", flush=True)
    facts = {
        "device": device_name(torch.device("cpu")),
        "torch": torch.__version__,
        "trials": args.trials,
        "precision of ours": args.precision,
        "median (range) of n": args.repeats,
    }
    if not args.quickstart:
        facts["epochs"] = args.epochs
    lines = rows(results, args)
    print("\n" + ", ".join(f"{name}: {value}" for name, value in facts.items()) + "\n")
    print(table(HEAD[args.quickstart], lines))
    if args.out:
        args.out.write_text(json.dumps({**facts, "runs": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
