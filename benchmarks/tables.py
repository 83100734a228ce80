"""How long the tables of a large study take to write and to load.

    python benchmarks/tables.py --trials 10000 --epochs 10 --repeats 5

Makes a study with that many trials in a temporary directory. Then times each table (with the files
in the page cache), and the update of the table after one more trial: median and range over the
repeats (20 for the update).
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from dropout_study.paths import JobPaths
from dropout_study.results.histories import write_histories
from dropout_study.results.live_table import ResultsTable
from dropout_study.results.study import load_study
from dropout_study.results.table import write_results
from dropout_study.trial import Metrics, trial_metrics


def write_trials(root: Path, trials: int, epochs: int) -> None:
    """Writes the job directories of a finished study."""
    numbers: Metrics = {
        **{"train_loss": 0.51234567, "train_accuracy": 0.81, "val_loss": 0.6},
        **{"val_accuracy": 0.8, "test_loss": 0.61, "test_accuracy": 0.79, "seconds": 0.5},
    }
    history: list[Metrics] = [{"epoch": epoch, **numbers} for epoch in range(1, epochs + 1)]
    rows = [",".join(map(str, row.values())) for row in history]
    text = "\n".join([",".join(history[0]), *rows, ""])
    for number in range(trials):
        job = JobPaths(root / str(number))
        job.root.mkdir()
        job.history_csv.write_text(text)
        result = trial_metrics(history)
        params = {"model.dropout1": number / trials, "optimizer.lr": 0.1, "trainer.epochs": epochs}
        record = {"trial": number, "state": "COMPLETE", **result, **params, "model": "mlp"}
        job.metrics_json.write_text(json.dumps({**record, "job_dir": str(number), "error": ""}))


def seconds(action: Callable[[Path], object], root: Path, repeats: int) -> str:
    """Returns median and range of an action's wall time."""
    times: list[float] = []
    for _ in range(repeats):
        started = perf_counter()
        action(root)
        times.append(perf_counter() - started)
    return f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f}, n={repeats})"


def update_milliseconds(root: Path, trials: int, repeats: int = 20) -> str:
    """Returns median and range of the update of ``results.csv`` after one more trial."""
    table = ResultsTable(root)
    table.update()
    text = JobPaths(root / "0").metrics_json.read_text()
    times: list[float] = []
    for number in range(trials, trials + repeats):
        job = JobPaths(root / str(number))
        job.root.mkdir()
        job.metrics_json.write_text(text)
        started = perf_counter()
        table.update()
        times.append(1000 * (perf_counter() - started))
    return f"{statistics.median(times):.1f} ms ({min(times):.1f} to {max(times):.1f}, n={repeats})"


def main() -> None:
    """Prints a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_trials(root, arguments.trials, arguments.epochs)
        print(f"{arguments.trials} trials, {arguments.epochs} epochs each")
        for action in (write_results, write_histories, load_study):
            print(f"{action.__name__}: {seconds(action, root, arguments.repeats)}")
        print(f"ResultsTable.update: {update_milliseconds(root, arguments.trials)}")


if __name__ == "__main__":
    main()
