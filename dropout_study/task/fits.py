"""Whether a network can have the noise that is chosen for it, before anything is written."""

from omegaconf import DictConfig, OmegaConf

from dropout_study.config import preflight
from dropout_study.errors import UserError

FITS_EVERYWHERE = "torch.nn.Dropout"
"""Standard dropout: networks with it are not built here, which saves the time."""


def check_trial(config: DictConfig) -> None:
    """Checks a trial of a sweep: its configuration, and whether its network can have its noise.

    Raises:
        UserError: a value cannot be used.
    """
    preflight.check_trial(config)
    check_noise(config)


def check_noise(config: DictConfig) -> None:
    """Builds the network of ``config`` and shows it two images, unless its noise is dropout.

    What a user's own network raises, apart from a ``UserError``, is left to the trial itself.

    Raises:
        UserError: the network cannot have this noise, or the data cannot be read.
    """
    if OmegaConf.select(config, "noise._target_") in (None, FITS_EVERYWHERE):
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


def _build(config: DictConfig) -> None:
    import torch

    from dropout_study.noise.known import check_scheduled
    from dropout_study.task.build import build_model, load_splits, train_settings
    from dropout_study.task.first_logits import check_first_logits

    data = OmegaConf.to_yaml(config.data, resolve=True)
    splits = load_splits(data, torch.device("cpu"))
    model = build_model(config, splits)
    check_first_logits(model, splits, config.trainer.batch_size)
    if train_settings(config).schedule is not None:
        check_scheduled(model)
