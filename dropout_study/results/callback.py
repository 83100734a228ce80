"""The Hydra callback that writes the table, with every sweeper and every launcher."""

import logging
import shlex
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from dropout_study.config.keys import is_ours
from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.results.beside import call_beside, prepare_beside
from dropout_study.results.parquet import check_pyarrow, write_parquet
from dropout_study.sweeper.rank import rank_of

if TYPE_CHECKING:
    from dropout_study.results.live_table import ResultsTable

log = logging.getLogger(__name__)


class ResultsCallback(Callback):
    """Writes ``metrics.json`` when a job ends, then ``results.csv``, and prints the best trials.

    If a file cannot be written, a warning is logged. The sweep continues, and the next job tries
    again.

    Args:
        top: number of trials that are printed after a sweep.
        parquet: whether to write ``results.parquet``, too, when a sweep ends.
    """

    def __init__(self, top: int = 10, parquet: bool = False) -> None:
        self.top = top
        self.parquet = parquet
        self._tables: dict[Path, ResultsTable] = {}

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Records the job; writes the table again, unless the sweeper does so itself.

        This project's own sweeper does: its jobs end in many processes, of which each would read
        all trials.
        """
        from dropout_study.results.record import job_record
        from dropout_study.task.job_files import JobFiles

        if isinstance(job_return._return_value, SystemExit):
            return  # a refused run has no result; Hydra 1.4 calls this all the same
        paths = JobPaths(Path(config.hydra.runtime.output_dir))
        try:
            JobFiles(paths).write_metrics(job_record(config, job_return))
            if config.hydra.mode == RunMode.MULTIRUN and not is_ours(config.hydra.sweeper):
                self._table(Path(config.hydra.runtime.cwd, config.hydra.sweep.dir)).update()
        except OSError as error:
            log.warning("a result cannot be written and is missing in the table: %s", error)

    def _table(self, root: Path) -> "ResultsTable":
        from dropout_study.results.live_table import ResultsTable

        return self._tables.setdefault(root, ResultsTable(root))

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Imports beside the sweep what its end needs. Ends the program if pyarrow is missing."""
        if self.parquet:
            try:
                check_pyarrow()
            except UserError as error:  # Hydra turns any other exception into a warning
                raise SystemExit(f"dropout-study: {error}") from error
        if not OmegaConf.select(config, "hydra.sweeper.dry_run") and not rank_of()[1]:
            prepare_beside(Path(config.hydra.sweep.dir), import_pandas)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Prints the best trials, the path of the table, and what shows the rest of them."""
        if OmegaConf.select(config, "hydra.sweeper.dry_run") or sys.exception() is not None:
            return  # an exception: Hydra 1.4 calls this for a refused sweep, too
        root = Path(config.hydra.sweep.dir)
        call_beside(root, print_study, root, self.top, self.parquet)


def import_pandas() -> None:
    """Imports what the table needs."""
    import_module("dropout_study.results.printed.show")
    import_module("dropout_study.results.printed.shown")


def print_study(root: Path, top: int, parquet: bool = False) -> None:
    """Writes the tables of the study in ``root``; prints the ``top`` best trials.

    Args:
        root: the study's directory.
        top: number of trials.
        parquet: whether to write ``results.parquet``, too.
    """
    try:
        from dropout_study.results.printed.show import print_results
        from dropout_study.results.printed.shown import shown_study
    except ModuleNotFoundError:  # no pandas: it is needed to print, not to write the table
        print(f"Every trial: {shlex.quote(str(StudyPaths(root).results_csv))}")
        return
    try:
        shown = shown_study(root)
        if parquet:
            write_parquet(shown.frame, StudyPaths(root).results_parquet)
    except (OSError, UserError) as error:
        log.warning("the tables cannot be written: %s", error)
        return
    print_results(shown, top=top)
    print(f"Every trial: {shlex.quote(str(StudyPaths(root).results_csv))}")
    if len(shown.frame) > top:
        more = f"dropout-study-results {shlex.quote(str(root))} --top {len(shown.frame)}"
        print(f"More of them here: {more}")
