"""Shows the progress of a single run."""

import logging
import sys
from itertools import islice
from time import perf_counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from dropout_study.sweeper.display.cell import open_cell
from dropout_study.trial import VAL_ACCURACY, Metrics, split_names

log = logging.getLogger(__name__)

BAR_WIDTH = 16
BESIDE = BAR_WIDTH + len("epoch /  0:00:00  00:00:00 ^C ")
"""Places that the line of a run takes beside its metrics and numbers of epochs."""
SHOWN = 4
"""Metrics in a line on an epoch."""


class RunProgress:
    """A live line: epoch, metrics, time left; log lines without a terminal.

    Args:
        epochs: of the run.
        images_per_epoch: number of training images.
        done: the epochs of an earlier process, from which the run continues.
    """

    def __init__(self, epochs: int, images_per_epoch: int, done: int = 0) -> None:
        self._images_per_epoch = images_per_epoch
        self._epochs = epochs
        self._done = done
        self._last = perf_counter()
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(bar_width=BAR_WIDTH),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("starting", total=epochs, completed=done)
        self._cell = open_cell()

    def __enter__(self) -> Self:
        if not self._bar.disable:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._bar.disable:  # rich 13 would print an empty line
            self._bar.stop()
        if self._cell:
            self._cell.stop()

    def __call__(self, metrics: Metrics) -> bool:
        """Shows an epoch, unless an earlier process has; never stops the training."""
        if metrics["epoch"] <= self._done:
            return True
        short = brief(metrics, self._console.width - BESIDE - 2 * len(str(self._epochs)))
        self._bar.update(self._task, completed=metrics["epoch"], description=short)
        if self._cell:
            self._cell.update(self._bar.get_renderable())
        if self._bar.disable:
            line = describe(metrics, self._images_per_epoch)
            log.info("epoch %d/%d: %s", metrics["epoch"], self._epochs, line)
        return True


def brief(metrics: Metrics, width: int) -> str:
    """Returns as many metrics as have room in ``width`` places, none of them cut.

    The validation accuracy comes first: it is the objective unless another one is chosen.
    """
    names = [name for name in split_names(metrics) if metrics[name] is not None]
    names.sort(key=lambda name: (name != VAL_ACCURACY.name, name.endswith("loss")))
    told = ""
    for name in names:
        longer = f"{told}  {name.replace('_', ' ')} {metrics[name]:.4f}".strip()
        if len(longer) > width:
            break
        told = longer
    return told


def describe(metrics: Metrics, images_per_epoch: int) -> str:
    """Returns one line on an epoch: the metrics of each split, and the speed.

    Only the first metrics fit into the line; all are in ``history.csv``.
    """
    by_name: dict[str, list[str]] = {}
    for name in split_names(metrics):
        split, _, metric = name.partition("_")
        if metrics[name] is not None:
            by_name.setdefault(metric, []).append(f"{split} {metrics[name]:.4f}")
    told = [f"{metric}: {', '.join(parts)}" for metric, parts in islice(by_name.items(), SHOWN)]
    return "; ".join([*told, f"{images_per_epoch / metrics['seconds']:,.0f} images/s"])
