"""The weights of a trial as a file: safetensors, so that loading runs no code."""

from collections.abc import Sequence

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths
from dropout_study.trial import VAL_ACCURACY, Metrics, Objective


class CheckpointFile:
    """Writes the weights after an epoch, whole or not at all.

    Args:
        paths: the trial's paths.
        model: the network in training.
        which: "last" keeps the weights of the last epoch, "best" those of the best epoch by the
            objective on validation data (the first of equal ones).
        objective: the trial's objective.
        earlier: how many epochs an earlier process has trained; ``model`` has the weights of the
            last of them.
    """

    def __init__(
        self,
        paths: JobPaths,
        model: nn.Module,
        which: str,
        objective: Objective = VAL_ACCURACY,
        *,
        earlier: int = 0,
    ) -> None:
        self._path = paths.checkpoint
        self._model = model
        self._objective = objective
        self._only_best = which == "best"
        self._best: Metrics | None = None
        self._earlier = earlier

    def __call__(self, metrics: Metrics) -> bool:
        """Writes the file if it is due; never stops the training."""
        if self._only_best:
            known = [row for row in (self._best, metrics) if row is not None]
            if self._objective.best(known) is not metrics:
                return True
            self._best = metrics
        if metrics["epoch"] < self._earlier:
            return True
        name = self._objective.of_epochs.name
        value = metrics[name]
        facts = {"epoch": str(metrics["epoch"]), name: "" if value is None else str(value)}
        with atomic_write(self._path, durable=False) as temporary:
            save_file(_copies(self._model), str(temporary), metadata=facts)
        return True


def has_best(paths: JobPaths, objective: Objective, history: Sequence[Metrics]) -> bool:
    """Returns whether the file has the weights of the best of these epochs, or will have.

    It will if the best is the last one, or if a later epoch, which is trained again, has replaced
    them.
    """
    best, last = objective.best(history), int(history[-1]["epoch"])
    if best is None or best["epoch"] == last:
        return True
    try:
        with safe_open(paths.checkpoint, framework="pt") as opened:
            epoch = int((opened.metadata() or {})["epoch"])
    except (SafetensorError, OSError, KeyError, ValueError):
        return False
    return epoch == int(best["epoch"]) or epoch > last


def _copies(model: nn.Module) -> dict[str, Tensor]:
    """Returns the weights and buffers, each in memory of its own: a file has no shared tensors."""
    state = model.state_dict()
    return {name: t.clone(memory_format=torch.contiguous_format) for name, t in state.items()}


def load_checkpoint(paths: JobPaths, model: nn.Module) -> int | None:
    """Loads the weights into ``model`` and returns their epoch; None if it was not recorded.

    Raises:
        UserError: the file is missing or damaged, or its weights belong to another network.
    """
    path = paths.checkpoint
    if not path.is_file():
        raise UserError(f"{path} does not exist; train with trainer.checkpoint=best or last")
    try:
        with safe_open(path, framework="pt") as opened:
            facts = dict(opened.metadata() or {})
        state = load_file(path)
        # Older files have a shared tensor once, and its other names in the metadata.
        state |= {name: state[kept] for name, kept in facts.items() if kept in state}
        model.load_state_dict(state)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is damaged: {error}") from error
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} does not fit the configuration's network: {reason}") from error
    try:
        return int(facts["epoch"]) if "epoch" in facts else None
    except ValueError as error:
        raise UserError(f"{path} is damaged: its epoch is {facts['epoch']!r}") from error
