"""An application of its own, which knows of this package that there is a current trial."""

import hydra
from omegaconf import DictConfig

from dropout_study import TrialPruned, current_trial


def more(_config: DictConfig, trial) -> None:
    """A custom search space."""
    trial.suggest_float("z", 0, 1)


@hydra.main(version_base="1.3", config_path=None)
def app(config: DictConfig) -> object:
    trial = current_trial()
    returns = config.get("returns", "dict")
    value = config.x**2 + config.get("y", 0) + config.get("z", 0)
    if returns == "list":
        return [value, -config.x]
    if returns == "float":
        return value
    for step in range(1, 6):
        trial.report(value, step)
        if trial.should_prune():
            raise TrialPruned({"value": value, "steps": step})
    return {"value": value, "steps": 5, "cost": config.x, "number": trial.number}


if __name__ == "__main__":
    app()
