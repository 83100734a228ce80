"""Whether a trial's network and data can have its settings, before anything is written."""

from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from dropout_study.config import preflight
from dropout_study.config.check import STANDARD_NOISE, check_validation, chosen_by_validation
from dropout_study.errors import UserError

if TYPE_CHECKING:
    from torch import nn

    from dropout_study.data import Splits
    from dropout_study.training import TrainSettings

FITS_EVERYWHERE = STANDARD_NOISE
"""Standard dropout: any network can have it."""


def check_trial(config: DictConfig) -> None:
    """Checks a trial of a sweep: its configuration, and whether network and data suit it.

    Raises:
        UserError: a value cannot be used.
    """
    preflight.check_trial(config)
    check_fits(config)


def check_fits(config: DictConfig) -> None:
    """Reads the data, builds the network and checks what depends on them, if something does.

    A trial with dropout and plain settings fits everywhere: nothing is read or built then, which
    saves the time. What a user's own network raises, apart from a ``UserError``, is left to the
    trial itself.

    Raises:
        UserError: the network or the data cannot have a setting, or the data cannot be read.
    """
    if _fits_everywhere(config):
        return
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a process with threads cannot be forked into workers
    try:
        _build(config)
    except UserError:
        raise
    except Exception:
        return
    finally:
        torch.set_num_threads(threads)


def _fits_everywhere(config: DictConfig) -> bool:
    trainer = config.trainer
    asked = trainer.get("max_norm") is not None or trainer.get("measure") or config.get("schedule")
    noise = OmegaConf.select(config, "noise._target_") not in (None, FITS_EVERYWHERE)
    return not (noise or asked or chosen_by_validation(config))


def _build(config: DictConfig) -> None:
    import torch

    from dropout_study.task.build import build_model, load_splits, train_settings
    from dropout_study.task.first_logits import check_first_logits

    data = OmegaConf.to_yaml(config.data, resolve=True)
    splits = load_splits(data, torch.device("cpu"))
    if splits.val is None:
        check_validation(config)
    model = build_model(config, splits)
    check_first_logits(model, splits, config.trainer.batch_size)
    check_settings(model, splits, train_settings(config))


def check_settings(model: "nn.Module", splits: "Splits", settings: "TrainSettings") -> None:
    """Checks the settings of the training that not every network or data can have.

    Raises:
        UserError: the noise cannot follow a schedule, a measurement cannot be taken, or there are
            no hidden units whose weights could be bounded.
    """
    from dropout_study.noise.known import check_scheduled
    from dropout_study.training.max_norm import check_max_norm
    from dropout_study.training.measures import check_measures

    if settings.schedule is not None:
        check_scheduled(model)
    if settings.max_norm is not None:
        check_max_norm(model)
    check_measures(model, splits, settings)
