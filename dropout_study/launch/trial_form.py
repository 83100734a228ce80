"""The population form of this project's own task."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from dropout_study.launch.form import MemberTask
from dropout_study.task.objectives import current_objective
from dropout_study.task.trial import Trial, open_trial


class TrialForm:
    """Trials that share data, device, precision and metrics are trained together."""

    def group(self, config: DictConfig) -> Hashable:
        """Returns these parts of the configuration. TF32 can only be set for a whole process."""
        trainer = config.trainer
        shared = {key: trainer.get(key) for key in ("device", "precision", "metrics")}
        return OmegaConf.to_yaml({"data": config.data, **shared}, resolve=True)

    @contextmanager
    def member(self, config: DictConfig, job_dir: Path) -> Iterator[MemberTask]:
        """Yields the same training as the task function's, with the same listeners and result."""
        with open_trial(config, job_dir, objective=current_objective()) as trial:
            yield member_task(trial)


def member_task(trial: Trial) -> MemberTask:
    """Returns what a population trains of an opened trial."""
    return MemberTask(
        trial.model,
        trial.optimizer,
        trial.splits,
        trial.settings,
        trial.on_epoch,
        trial.numbers,
        trial.metrics,
        trial.earlier,
        trial.measuring,
    )
