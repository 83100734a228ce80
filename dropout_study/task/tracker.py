"""Trackers: they get the metrics of every epoch when it ends."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from omegaconf import DictConfig

from dropout_study.config.instantiate import instantiate
from dropout_study.errors import UserError
from dropout_study.trial import Metrics, OnEpoch


@contextmanager
def tracking(config: DictConfig, job_dir: str) -> Iterator[list[OnEpoch]]:
    """Yields a list with the tracker of ``config.tracker``, if any, and closes it at the end.

    A tracker is any class (``_target_``) that takes ``job_dir``, can be called with each epoch's
    metrics and has a method ``close``.

    Raises:
        UserError: the tracker's package is not installed.
    """
    tracker = config.get("tracker")
    if not tracker:
        yield []
        return
    with closing(instantiate(tracker, job_dir=job_dir)) as listener:
        yield [listener]


class TensorBoardTracker:
    """Writes each epoch's numbers as TensorBoard scalars, e.g. ``train/loss``.

    Args:
        job_dir: directory of the event file.
    """

    def __init__(self, job_dir: str) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise UserError(
                "tracker=tensorboard needs TensorBoard; `pip install 'dropout-study[tensorboard]'`"
            ) from error
        self._writer: Any = SummaryWriter(job_dir)

    def __call__(self, metrics: Metrics) -> bool:
        """Writes an epoch; never stops the training."""
        for name, value in metrics.items():
            if name != "epoch" and value is not None:
                self._writer.add_scalar(name.replace("_", "/", 1), value, metrics["epoch"])
        self._writer.flush()
        return True

    def close(self) -> None:
        """Closes the event file."""
        self._writer.close()
