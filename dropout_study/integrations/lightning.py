"""Lightning: a callback that reports to the running trial and lets it be pruned."""

from lightning.pytorch import Callback, LightningModule, Trainer

from dropout_study.errors import TrialPruned, UserError, did_you_mean
from dropout_study.sweeper.current import current_trial
from dropout_study.sweeper.outcome import plain_metrics


class ReportToTrial(Callback):
    """Reports a logged metric after every epoch, and ends the trial if it is pruned.

    ``Trainer(callbacks=[ReportToTrial(monitor="val_loss")])``, in a task that returns the same
    metric: ``return trainer.callback_metrics["val_loss"]``. Outside a sweep it does nothing. If a
    trial has several processes, the first one reports, and all end together.

    Args:
        monitor: name of a metric that the module logs in validation (in training if there is no
            validation). It is the objective, so a pruner decides by it.
    """

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self._validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that this epoch was validated; the sanity check before training does not count."""
        self._validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reports the metric of this epoch; an epoch without validation has none.

        Raises:
            TrialPruned: the pruner ends the trial here; with the metrics so far.
            UserError: the module does not log the metric.
        """
        if trainer.enable_validation and not self._validated:
            return
        self._validated = False
        metrics = plain_metrics(trainer.callback_metrics)
        if self.monitor not in metrics:
            near = did_you_mean(self.monitor, metrics)
            raise UserError(f"`{self.monitor}` is no metric that the module logs{near}")
        trial, value = current_trial(), metrics[self.monitor]
        trial.report(value, step=trainer.current_epoch + 1)
        if trainer.strategy.broadcast(trial.should_prune()):  # the answer of the first process
            raise TrialPruned({**metrics, "value": value})
