"""The possible objectives of a sweep of this project's task."""

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from dropout_study.sweeper.planning.objective import Offer, first_objective
from dropout_study.task.build import measure_types, metric_types
from dropout_study.trial import SPLITS, Objective

DIRECTIONS = {"higher": "maximize", "lower": "minimize"}


def offered_objectives(config: DictConfig) -> dict[str, Offer]:
    """Returns every number of a trial: the metrics of each split, then those of the whole trial.

    Args:
        config: the composed configuration, which names the metrics.

    Raises:
        UserError: an entry of ``trainer.metrics`` is not a metric, or one of ``trainer.measure`` is
            not a measurement.
    """
    measure_types(config)  # a class that is none is refused before the sweep
    offers: dict[str, Offer] = {}
    for name, make in metric_types(config).items():
        metric = make()
        for split in SPLITS:
            refusal = f"nothing is chosen on the test set; use val_{name}" * (split == "test")
            if metric.several:
                refusal = f"it is several numbers, val_{name}_...; use a metric that is one number"
            offers[f"{split}_{name}"] = Offer(direction=DIRECTIONS[metric.better], refusal=refusal)
    whole = {"seconds": "minimize", "images": None, "epochs_run": None}
    others = {name: Offer(per_epoch=False, direction=way) for name, way in whole.items()}
    value = Offer(direction="maximize")  # another name of the validation accuracy
    return {**offers, **others, "value": value}


def trial_objective(config: DictConfig) -> Objective:
    """Returns the objective of a job's trial: the first one of its sweep.

    Args:
        config: with the node ``hydra``. If its sweeper names none of this task's objectives (as
            Hydra's own, for grids), the objective is the validation accuracy.
    """
    objective = first_objective(config)
    return Objective() if objective is None or objective.name == "value" else objective


def current_objective() -> Objective:
    """Returns the objective of the running Hydra job's trial."""
    return trial_objective(OmegaConf.create({"hydra": HydraConfig.get()}))
