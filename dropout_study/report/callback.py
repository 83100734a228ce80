"""The Hydra callbacks that draw the learning curves of a run and write the report of a sweep."""

import shlex
import sys
from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from dropout_study.checks import check_one_of
from dropout_study.config.schema import LANGUAGES
from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths
from dropout_study.results.beside import call_beside, prepare_beside
from dropout_study.sweeper.rank import rank_of

if TYPE_CHECKING:
    from dropout_study.report.figures import FigureSpec


class CurvesCallback(Callback):
    """Writes ``curves.png`` next to ``history.csv`` and prints the directory of the run."""

    def on_run_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Draws the learning curves of the run from its ``history.csv``."""
        if sys.exception() is not None:
            return  # Hydra 1.4 calls this for a refused run, too
        draw_curves(config.hydra)


def draw_curves(hydra: Any) -> None:
    """Draws the learning curves of a run, whole or interrupted, and prints its directory.

    Args:
        hydra: Hydra's own settings of the run, the node ``hydra`` of its configuration.
    """
    paths = JobPaths(Path(hydra.runtime.output_dir))
    if not paths.history_csv.is_file():
        return
    from dropout_study.report.curves import save_learning_curves
    from dropout_study.task.job_files import JobFiles

    choices = hydra.runtime.choices
    title = " ".join(choices.get(group, "") for group in ("model", "data", "optimizer"))
    with atomic_write(paths.curves_png) as temporary:
        save_learning_curves(JobFiles(paths).history(), temporary, title)
    from dropout_study.sweeper.display.cell import in_notebook

    if not in_notebook():  # there the run itself is shown
        print(f"Learning curves, history and metrics: {shlex.quote(str(paths.root))}")


class ReportCallback(Callback):
    """Writes ``report.html`` into the directory of a finished sweep and prints its path.

    Args:
        figures: dotted paths of the user's own figures, for example ``my_figures.FIGURE``.
        rates: keys of the settings that are dropout rates, for a network whose layers do not show
            them. The report and the confirmation read them from the study's configuration.
        language: "en" or "zh".
    """

    def __init__(
        self, figures: Sequence[str] = (), rates: Sequence[str] = (), language: str = "en"
    ) -> None:
        self._figures = figures
        self.rates = list(rates)
        self._language = language

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Ends the program before the first trial if a figure cannot be imported.

        Imports beside the sweep what the report needs.
        """
        if not OmegaConf.select(config, "hydra.sweeper.dry_run") and not rank_of()[1]:
            prepare_beside(Path(config.hydra.sweep.dir), import_matplotlib)
        try:
            check_one_of("hydra.callbacks.report.language", self._language, LANGUAGES)
            own_figures(self._figures)
        except UserError as error:  # Hydra turns any other exception into a warning
            raise SystemExit(f"dropout-study: {error}") from error

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Writes the report. Hydra turns an error in here into a warning."""
        if OmegaConf.select(config, "hydra.sweeper.dry_run") or sys.exception() is not None:
            return  # an exception: Hydra 1.4 calls this for a refused sweep, too
        root = Path(config.hydra.sweep.dir)
        report = call_beside(root, report_with, root, list(self._figures), self._language)
        print(f"Report: {shlex.quote(str(report))}")


def import_matplotlib() -> None:
    """Imports what the report needs, and draws an empty figure: the first one loads fonts."""
    from matplotlib.figure import Figure

    from dropout_study.report.figures import study_figures

    import_module("dropout_study.report.page")
    study_figures()
    figure = Figure()
    figure.add_subplot()
    for form in ("svg", "png"):
        figure.savefig(BytesIO(), format=form)


def report_with(root: Path, figures: Sequence[str] = (), language: str | None = None) -> Path:
    """Writes the report of the study in ``root``; ``figures`` names the user's own."""
    from dropout_study.report.page import write_report

    return write_report(root, own_figures(figures), language)


def own_figures(targets: Sequence[str]) -> list["FigureSpec"]:
    """Imports the user's own figures.

    Raises:
        UserError: one cannot be imported.
    """
    if not targets:
        return []
    from dropout_study.report.figures import named_figure

    return [named_figure(target) for target in targets]
