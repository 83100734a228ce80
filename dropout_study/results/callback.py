"""The Hydra callback that keeps the table, for every sweeper and every launcher."""

import logging
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from dropout_study.paths import JobPaths

log = logging.getLogger(__name__)


class ResultsCallback(Callback):
    """Writes ``metrics.json`` as a job ends, ``results.csv`` after it, and prints the best trials.

    Args:
        top: trials that are printed after a sweep.
    """

    def __init__(self, top: int = 10) -> None:
        self.top = top

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Records the job; in a sweep, writes the table again."""
        from dropout_study.results.record import job_record, write_record

        record = job_record(config, job_return)
        write_record(JobPaths(Path(config.hydra.runtime.output_dir)), record)
        if config.hydra.mode == RunMode.MULTIRUN:
            from dropout_study.results.table import write_results

            write_results(Path(config.hydra.sweep.dir))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Prints the best trials, where the table is and the command that shows more."""
        from dropout_study.results.histories import write_histories
        from dropout_study.results.show import print_results
        from dropout_study.results.table import study_frame, write_results

        root = Path(config.hydra.sweep.dir)
        path = write_results(root)
        write_histories(root)
        frame = study_frame(root)
        minimize = OmegaConf.select(config, "hydra.sweeper.direction") == "minimize"
        print_results(frame, top=self.top, minimize=minimize)
        print(f"Every trial: {path}")
        print(f"More of them here: dropout-study-results {root} --top {len(frame)}")
