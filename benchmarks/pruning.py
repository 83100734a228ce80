"""What pruning saves and costs: the quickstart's sweep with 40 trials, with and without pruning.

python benchmarks/pruning.py                      5 seeds of the sampler
python benchmarks/pruning.py --seeds 2 --trials 10

Pruning is by successive halving, as in ``conf/search_space/dropout.yaml``. Both sweeps of a seed
run one after the other on two workers; a row of the table is the median and range over seeds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import pandas as pd

PRUNERS = {
    "none": ["hydra/sweeper/pruner=none"],
    "successive halving": [
        "hydra/sweeper/pruner=successive_halving",
        "hydra.sweeper.pruner.min_resource=4",
        "hydra.sweeper.pruner.reduction_factor=2",
    ],
}


def sweep(words: list[str], seed: int, trials: int, root: Path) -> dict[str, float]:
    """Runs the quickstart in ``root``; returns its epochs, seconds and best accuracy."""
    command = [
        *(sys.executable, "-m", "dropout_study", "--multirun"),
        *("experiment=quickstart", "trainer.measure=[]"),
        *(f"hydra.sweeper.n_trials={trials}", f"hydra.sweeper.sampler.seed={seed}"),
        *(f"hydra.sweep.dir={root}", "hydra.sweeper.n_jobs=2", "report=none", *words),
    ]
    started = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = perf_counter() - started
    table = pd.read_csv(root / "results.csv")
    complete = table[table["state"] == "COMPLETE"]
    best = complete.loc[complete["val_accuracy"].idxmax()]
    return {
        "epochs": float(table["epochs_run"].sum()),
        "seconds": seconds,
        "pruned": float((table["state"] == "PRUNED").sum()),
        "best validation accuracy": float(best["val_accuracy"]),
        "its test accuracy": float(best["test_accuracy"]),
    }


def row(name: str, runs: list[dict[str, float]]) -> str:
    cells = []
    for key in runs[0]:
        values = [run[key] for run in runs]
        form = ".4f" if "accuracy" in key else ".0f"
        middle, low, high = statistics.median(values), min(values), max(values)
        cells.append(f"{middle:{form}} ({low:{form}}-{high:{form}})")
    return " | ".join([f"| {name}", *cells]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--out", type=Path, help="file for the figures as JSON")
    arguments = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in PRUNERS}
    with tempfile.TemporaryDirectory() as directory:
        for seed in range(arguments.seeds):
            for name, words in PRUNERS.items():
                root = Path(directory) / f"{name.replace(' ', '_')}_{seed}"
                found[name].append(sweep(words, seed, arguments.trials, root))
                print(seed, name, found[name][-1], flush=True)
    print(" | ".join(["| pruner", *found["none"][0]]) + " |")
    print("| --- " * (1 + len(found["none"][0])) + "|")
    for name, runs in found.items():
        print(row(name, runs))
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
