"""The Hydra callbacks that draw: the learning curves of a run, the report of a sweep."""

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths


class CurvesCallback(Callback):
    """Leaves ``curves.png`` beside ``history.csv`` and says where the run's files are."""

    def on_run_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Draws what the run has left."""
        paths = JobPaths(Path(config.hydra.runtime.output_dir))
        if not paths.history_csv.is_file():
            return
        from dropout_study.report.curves import save_learning_curves

        choices = config.hydra.runtime.choices
        title = " ".join([*(choices.get(g, "") for g in ("model", "data", "optimizer"))])
        with atomic_write(paths.curves_png) as temporary:
            save_learning_curves(paths.history_csv, temporary, title)
        print(f"Learning curves, history and metrics: {paths.root}")


class ReportCallback(Callback):
    """Leaves ``report.html`` in the directory of a sweep that has ended, and says where it is."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Writes the report. Hydra makes a warning of what goes wrong here."""
        if OmegaConf.select(config, "hydra.sweeper.dry_run"):
            return
        from dropout_study.report.page import write_report

        print(f"Report: {write_report(Path(config.hydra.sweep.dir))}")
