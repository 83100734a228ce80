"""The Hydra callback that confirms a study when its sweep ends."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from dropout_study.checks import check_at_least
from dropout_study.errors import UserError
from dropout_study.report.callback import report_with
from dropout_study.results.beside import call_beside

log = logging.getLogger(__name__)


class ConfirmationCallback(Callback):
    """Trains the best trial of each value of ``by`` again with fresh seeds; writes the report.

    Args:
        by: searched parameters, whose values are compared.
        within: searched parameters at whose values the comparison is repeated.
        baseline: the value with which the others are compared; see ``plan_arms``.
        seeds: number of fresh seeds, at least 2.
        merge: whether to train on the validation examples too.
    """

    def __init__(
        self,
        by: Sequence[str],
        within: Sequence[str] = (),
        baseline: str = "",
        seeds: int = 10,
        merge: bool = False,
    ) -> None:
        self._by = list(by)
        self._within = list(within)
        self._baseline = baseline
        self._seeds = seeds
        self._merge = merge

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Ends the program before the first trial if a setting cannot be used."""
        try:
            check_at_least("hydra.callbacks.confirmation.seeds", self._seeds, low=2)
            if not self._by:
                raise UserError(
                    "`hydra.callbacks.confirmation.by` is empty; name the parameters to compare, "
                    "as in 'hydra.callbacks.confirmation.by=[model.dropout1]'"
                )
        except UserError as error:  # Hydra turns any other exception into a warning
            raise SystemExit(f"dropout-study: {error}") from error

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Confirms a study that has ended, and prints the path of the report."""
        if OmegaConf.select(config, "hydra.sweeper.dry_run") or sys.exception() is not None:
            return  # an exception: Hydra 1.4 calls this for a refused sweep, too
        from dropout_study.confirmation.confirm import confirm
        from dropout_study.task.recorded import Trust, trusting

        root = Path(config.hydra.sweep.dir)
        log.info("Confirming %s with %d fresh seeds", ", ".join(self._by), self._seeds)
        try:
            with trusting(Trust.of(config)):
                confirm(
                    root,
                    seeds=self._seeds,
                    merge=self._merge,
                    by=self._by,
                    within=self._within,
                    baseline=self._baseline,
                )
        except UserError as error:
            raise SystemExit(f"dropout-study: {error}") from error
        print(f"Report with the confirmation: {call_beside(root, report_with, root)}")
