"""The population form of this project's own task."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dropout_study.launch.form import MemberTask
from dropout_study.task.task import epoch_listeners, prepare_trial, sweep_metrics
from dropout_study.task.tracker import tracking
from dropout_study.trial import EpochMetrics, TrialResult


class TrialForm:
    """Trials that share data, device and precision are trained together."""

    def group(self, config: DictConfig) -> Hashable:
        """Returns the three as the configuration has them: TF32 holds for a whole process."""
        trainer = config.trainer
        return OmegaConf.to_yaml(config.data, resolve=True), trainer.device, trainer.precision

    @contextmanager
    def member(self, config: DictConfig, job_dir: Path) -> Iterator[MemberTask]:
        """Yields what ``cli.task`` trains in a sweep, with the same listeners and result."""
        with tracking(config, str(job_dir)) as trackers:
            setup = prepare_trial(config)

            def result(history: list[EpochMetrics]) -> dict[str, Any]:
                return sweep_metrics(setup, TrialResult.from_history(history, setup.settings.seed))

            yield MemberTask(
                setup.model,
                setup.optimizer,
                setup.splits,
                setup.settings,
                epoch_listeners(setup, job_dir, *trackers),
                result,
            )
