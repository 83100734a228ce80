"""The population form of this project's own task."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from dropout_study.launch.form import MemberTask
from dropout_study.task.objectives import current_objective
from dropout_study.task.task import epoch_listeners, prepare_trial
from dropout_study.task.tracker import tracking


class TrialForm:
    """Trials that share data, device, precision and metrics are trained together."""

    def group(self, config: DictConfig) -> Hashable:
        """Returns what the configuration says of these: TF32 holds for a whole process."""
        trainer = config.trainer
        shared = {key: trainer.get(key) for key in ("device", "precision", "metrics")}
        return OmegaConf.to_yaml({"data": config.data, **shared}, resolve=True)

    @contextmanager
    def member(self, config: DictConfig, job_dir: Path) -> Iterator[MemberTask]:
        """Yields what ``cli.task`` trains in a sweep, with the same listeners and result."""
        objective = current_objective()
        with tracking(config, str(job_dir)) as trackers:
            setup = prepare_trial(config)
            yield MemberTask(
                setup.model,
                setup.optimizer,
                setup.splits,
                setup.settings,
                epoch_listeners(setup, job_dir, *trackers, objective=objective),
                partial(setup.numbers, objective=objective),
                setup.metrics,
            )
