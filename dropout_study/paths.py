"""All paths and file names: configs, the cache, a study's and a run's files."""

import os
from dataclasses import dataclass
from pathlib import Path


def conf_dir() -> Path:
    """Returns the directory of the configs: the installed package's, or the checkout's."""
    packaged = Path(__file__).parent / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "conf"


def cache_dir() -> Path:
    """Returns the directory for data kept between runs (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "dropout_study"


REPLICATE = "replicate_"
"""The beginning of the name of a replicate's directory."""


def measure_names() -> list[str]:
    """Returns the measurements of this package: each is a file of its name."""
    files = (Path(__file__).parent / "training" / "measures").glob("*.py")
    return sorted({path.stem for path in files} - {"__init__", "base", "measuring"})


@dataclass(frozen=True)
class JobPaths:
    """The files of one trial or single run, in its job directory ``root``."""

    root: Path

    @property
    def history_csv(self) -> Path:
        """One row per epoch."""
        return self.root / "history.csv"

    @property
    def metrics_json(self) -> Path:
        """The trial's row of the table; absent until the trial has ended."""
        return self.root / "metrics.json"

    @property
    def curves_png(self) -> Path:
        """The learning curves of a single run."""
        return self.root / "curves.png"

    @property
    def overrides_yaml(self) -> Path:
        """The overrides of the job, as recorded by Hydra."""
        return self.root / ".hydra" / "overrides.yaml"

    @property
    def config_yaml(self) -> Path:
        """The composed configuration of the job, as recorded by Hydra."""
        return self.root / ".hydra" / "config.yaml"

    @property
    def hydra_yaml(self) -> Path:
        """Hydra's own settings of the job, as recorded by Hydra."""
        return self.root / ".hydra" / "hydra.yaml"

    @property
    def checkpoint(self) -> Path:
        """The weights of the network, if ``trainer.checkpoint`` is set."""
        return self.root / "checkpoint.safetensors"

    @property
    def checkpoint_dir(self) -> Path:
        """Checkpoints of another application's task; removed when the trial has ended."""
        return self.root / "checkpoint"

    @property
    def resume(self) -> Path:
        """The state from which the trial continues; absent when it has ended."""
        return self.root / "resume.safetensors"

    @property
    def lock(self) -> Path:
        """Held by a single run until its process ends."""
        return self.root / ".run.lock"

    @property
    def provenance_json(self) -> Path:
        """Versions, commit, device and data that the job was trained with."""
        return self.root / "provenance.json"

    def inference_csv(self, split: str) -> Path:
        """Returns the file of ways to predict, compared on ``split``."""
        return self.root / f"inference_{split}.csv"


@dataclass(frozen=True)
class StudyPaths:
    """The files of one study, in its sweep directory ``root``."""

    root: Path

    @property
    def results_csv(self) -> Path:
        """One row per trial."""
        return self.root / "results.csv"

    @property
    def results_md(self) -> Path:
        """The best trials as a table in Markdown."""
        return self.root / "results.md"

    @property
    def results_parquet(self) -> Path:
        """The same as ``results.csv`` with a type for each column, if asked for."""
        return self.root / "results.parquet"

    @property
    def notes_json(self) -> Path:
        """The user's notes and tags."""
        return self.root / "notes.json"

    @property
    def histories_csv(self) -> Path:
        """One row per trial and epoch: every ``history.csv`` of the study."""
        return self.root / "histories.csv"

    @property
    def replicates_csv(self) -> Path:
        """One row per trial and seed, if a trial is the mean over several seeds."""
        return self.root / "replicates.csv"

    @property
    def confirmation_csv(self) -> Path:
        """One row per configuration that was trained again with fresh seeds."""
        return self.root / "confirmation.csv"

    @property
    def confirmation_runs_csv(self) -> Path:
        """One row per run of the confirmation."""
        return self.root / "confirmation_runs.csv"

    @property
    def confirmation_dir(self) -> Path:
        """The confirmation's job directories, ``<configuration>/<seed>``."""
        return self.root / "confirmation"

    def inference_csv(self, split: str) -> Path:
        """Returns the file of ways to predict with each trial, compared on ``split``."""
        return self.root / f"inference_{split}.csv"

    @property
    def report_html(self) -> Path:
        """The report: one page that contains its figures."""
        return self.root / "report.html"

    @property
    def figures_dir(self) -> Path:
        """The report's figures, each as PNG and SVG."""
        return self.root / "figures"

    @property
    def journal(self) -> Path:
        """Optuna's storage, from which a study is resumed."""
        return self.root / "journal.log"

    @property
    def study_lock(self) -> Path:
        """Held while the study is created or opened."""
        return self.root / ".study.lock"

    @property
    def workers_log(self) -> Path:
        """The output of jobs in worker processes; each trial's log is in its own directory."""
        return self.root / "workers.log"

    @property
    def multirun_yaml(self) -> Path:
        """The composed configuration of the sweep, as recorded by Hydra."""
        return self.root / "multirun.yaml"

    @property
    def optimization_results_yaml(self) -> Path:
        """The best trial, in the form of Hydra's Optuna plugin."""
        return self.root / "optimization_results.yaml"

    @property
    def lock(self) -> Path:
        """Held while the table is rewritten."""
        return self.root / ".results.lock"

    def job(self, number: int) -> JobPaths:
        """Returns the paths of trial ``number``."""
        return JobPaths(self.root / str(number))

    def numbers(self) -> list[int]:
        """Returns the numbers of the trials that have a job directory, in order."""
        with os.scandir(self.root) as entries:
            names = [entry.name for entry in entries if entry.name.isdecimal() and entry.is_dir()]
        return sorted(number for name in names if str(number := int(name)) == name)

    def replicates(self, number: int) -> list[tuple[int, JobPaths]]:
        """Returns the replicates of trial ``number``; none if the trial is a single run."""
        root = self.job(number).root
        with os.scandir(root) as entries:
            places = [
                e.name.removeprefix(REPLICATE) for e in entries if e.name.startswith(REPLICATE)
            ]
        indices = sorted(int(place) for place in places if place.isdecimal())
        return [(index, JobPaths(root / f"{REPLICATE}{index}")) for index in indices]

    def jobs(self) -> list[tuple[int, JobPaths]]:
        """Returns the trials that have a job directory, by number."""
        return [(number, self.job(number)) for number in self.numbers()]
