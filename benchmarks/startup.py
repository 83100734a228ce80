"""What a command takes beside training: from the prompt to the first epoch, and after the last.

python benchmarks/startup.py                         help, configuration, sweeps of 20 trials
python benchmarks/startup.py --only help,configuration --repeats 9
python benchmarks/startup.py --trials 2 --epochs 1 --repeats 1          a test

A sweep trains the quickstart's network on the embedded images; every trial has the same number of
epochs. "Beside training" is the time from prompt to prompt minus the seconds of training, which the
trials record an epoch; with workers, their sum divided by the number of workers. "Before" is the
part until the first trial has ended its first epoch, less that epoch; "after" is the time from the
last epoch's end to the prompt. Processor time is that of all processes.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from math import isclose
from pathlib import Path

SWEEP = ("--multirun", "experiment=quickstart", "trainer.measure=[]")
FORMS = {"workers": "basic", "population": "population"}
CLOCK = """
import os, time

class Clock:
    def __init__(self, job_dir):
        self.file = os.open(os.environ["CLOCK"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def __call__(self, metrics):
        line = f"{time.time()} {os.getpid()} {metrics['seconds']}"
        os.write(self.file, f"{line}\\n".encode())
        return True

    def close(self):
        os.close(self.file)
"""
HEAD = ("command", "s", "s of processor time", "s beside training", "s before", "s after")


def commands(trials: int, epochs: int) -> dict[str, list[str]]:
    """Returns the measured command lines by name."""
    sizes = [f"search_space.n_trials={trials}", f"trainer.epochs={epochs}"]
    sweeps = {
        f"{form}, {'a' if report == 'html' else 'no'} report": [
            *(*SWEEP, *sizes, f"hydra/launcher={launcher}", f"report={report}"),
            "+tracker._target_=clock.Clock",
        ]
        for report in ("none", "html")
        for form, launcher in FORMS.items()
    }
    return {"help": ["--help"], "configuration": ["--cfg", "job"], **sweeps}


def run(words: list[str], directory: Path) -> dict[str, float]:
    """Runs a command in an empty directory; returns its seconds by column."""
    clock = directory / "epochs.txt"
    (directory / "clock.py").write_text(CLOCK)
    environment = {**os.environ, "CLOCK": str(clock), "PYTHONPATH": str(directory)}
    used, started = processor_seconds(), time.time()
    subprocess.run(
        [sys.executable, "-m", "dropout_study", *words],
        check=True,
        cwd=directory,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    ended = time.time()
    found = {"s": ended - started, "s of processor time": processor_seconds() - used}
    if not clock.exists():
        return found
    epochs = [line.split() for line in clock.read_text().splitlines()]
    ends = [float(end) for end, _, _ in epochs]
    trained = sum(float(seconds) for *_, seconds in epochs) / len({pid for _, pid, _ in epochs})
    first = float(epochs[0][2]) * members_of_first_round(epochs)
    return {
        **found,
        "s beside training": ended - started - trained,
        "s before": min(ends) - started - first,
        "s after": ended - max(ends),
    }


def members_of_first_round(epochs: list[list[str]]) -> int:
    """Returns how many trials were trained together first; their epochs have the same seconds."""
    took = [float(seconds) for *_, seconds in epochs]
    same = [isclose(seconds, took[0], rel_tol=1e-3) for seconds in took]
    return same.index(False) if False in same else len(same)


def processor_seconds() -> float:
    """Returns the processor time of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def table(results: dict[str, list[dict[str, float]]]) -> str:
    """Returns medians and ranges as Markdown."""
    lines = [list(HEAD), ["---"] * len(HEAD)]
    for name, own in results.items():
        lines.append([name, *(cell([each[c] for each in own if c in each]) for c in HEAD[1:])])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):.3g} ({min(values):.3g}-{max(values):.3g})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="beginnings of the commands' names, with commas")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    args = parser.parse_args()
    beginnings = tuple(args.only.split(","))
    known = commands(args.trials, args.epochs)
    chosen = {name: words for name, words in known.items() if name.startswith(beginnings)}
    results: dict[str, list[dict[str, float]]] = {name: [] for name in chosen}
    for _ in range(args.repeats):
        for name, words in chosen.items():
            with tempfile.TemporaryDirectory() as directory:
                results[name].append(run(words, Path(directory)))
    facts = {
        "device": f"{platform.machine()} CPU, {len(os.sched_getaffinity(0))} cores",
        "python": platform.python_version(),
        "trials": args.trials,
        "epochs": args.epochs,
        "median (range) of n": args.repeats,
    }
    print(", ".join(f"{name}: {value}" for name, value in facts.items()))
    print(table(results))
    if args.out:
        args.out.write_text(json.dumps({**facts, "runs": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
