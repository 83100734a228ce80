"""Other programs' searchers, asked and told by lines of JSON on the standard streams.

    python simulated_peer.py smac | syne_tune

``simulated_searchers.py`` runs it in an environment of its own. It imports nothing of this project.
The first line gives the space (a parameter is two whole numbers, its ends, or a list of texts), the
seed and the number of trials; each further line asks for a trial or tells the value of one, to be
minimised.
"""

import json
import logging
import sys
import tempfile
import warnings
from time import process_time
from typing import Any


def never_called(config: Any, seed: int = 0) -> float:
    """Stands for the task, as trials are asked and told; SMAC3 looks for these arguments."""
    raise NotImplementedError


class Smac:
    """SMAC3's facade for hyperparameters: random forest, log expected improvement, Sobol start."""

    def __init__(self, space: dict[str, list[Any]], seed: int, trials: int) -> None:
        from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace
        from ConfigSpace import UniformIntegerHyperparameter as Whole
        from smac import HyperparameterOptimizationFacade, Scenario

        configs = ConfigurationSpace(seed=seed)
        for name, values in space.items():
            texts = isinstance(values[0], str)
            configs.add(CategoricalHyperparameter(name, values) if texts else Whole(name, *values))
        scenario = Scenario(
            configs,
            deterministic=True,
            n_trials=trials,
            seed=seed,
            output_directory=tempfile.mkdtemp(),
        )
        self.facade = HyperparameterOptimizationFacade(
            scenario, never_called, overwrite=True, logging_level=False
        )

    def ask(self) -> tuple[Any, dict[str, Any]]:
        info = self.facade.ask()
        return info, dict(info.config)

    def tell(self, info: Any, value: float) -> None:
        from smac.runhistory.dataclasses import TrialValue

        self.facade.tell(info, TrialValue(cost=value), save=False)


class SyneTune:
    """Syne Tune's TPE, with kernel densities."""

    def __init__(self, space: dict[str, list[Any]], seed: int, trials: int) -> None:
        from syne_tune.config_space import choice, randint
        from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler
        from syne_tune.optimizer.schedulers.single_objective_scheduler import (
            SingleObjectiveScheduler,
        )

        configs = {
            name: choice(values) if isinstance(values[0], str) else randint(*values)
            for name, values in space.items()
        }
        self.scheduler = AskTellScheduler(
            SingleObjectiveScheduler(configs, "value", searcher="kde", random_seed=seed)
        )

    def ask(self) -> tuple[Any, dict[str, Any]]:
        trial = self.scheduler.ask()
        return trial, trial.config

    def tell(self, trial: Any, value: float) -> None:
        self.scheduler.tell(trial, {"value": value})


SEARCHERS = {"smac": Smac, "syne_tune": SyneTune}


def main() -> None:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr  # for what the searchers print
    searcher: Any = None
    asked: list[Any] = []
    for line in sys.stdin:
        given = json.loads(line)
        answer: dict[str, Any] = {}
        if searcher is None:
            searcher = SEARCHERS[sys.argv[1]](**given)
        elif given["do"] == "ask":
            trial, params = searcher.ask()
            plain = {k: v if isinstance(v, str) else int(v) for k, v in params.items()}
            answer = {"key": len(asked), "params": plain}
            asked.append(trial)
        else:
            searcher.tell(asked[given["key"]], given["value"])
        answer["seconds"] = process_time()
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
