"""CMA-ES reads its state from a storage, and nothing else."""

import pickle
from pathlib import Path

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.distributions import FloatDistribution, IntDistribution

from dropout_study.errors import UserError
from dropout_study.sweeper.samplers import build_sampler

SPACE = {"x": FloatDistribution(-1, 1), "n": IntDistribution(0, 9)}


def sampler(number: int, **arguments: object) -> optuna.samplers.BaseSampler:
    target = {"_target_": "optuna.samplers.CmaEsSampler", "seed": 0, "n_startup_trials": 1}
    conf = OmegaConf.create({**target, "popsize": 4, "warn_independent_sampling": False})
    return build_sampler(OmegaConf.merge(conf, arguments), number, SPACE)


def run(study: optuna.Study, trials: int, **arguments: object) -> None:
    for number in range(len(study.trials), len(study.trials) + trials):
        study.sampler = sampler(number, **arguments)
        trial = study.ask(SPACE)
        study.tell(trial, trial.params["x"] ** 2 + trial.params["n"])


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("form", [{}, {"use_separable_cma": True}, {"with_margin": True}])
def test_its_own_states_are_read(form):
    study = optuna.create_study()
    run(study, 20, **form)
    kept = [t for t in study.trials if any("optimizer" in key for key in t.system_attrs)]
    assert kept, "a state was written"
    generations = [v for t in study.trials for k, v in t.system_attrs.items() if "generation" in k]
    assert max(generations) >= 2, "and read again"


class Strange:
    def __reduce__(self):
        return Path.touch, (Path("ran"),)


def test_nothing_else_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = optuna.create_study()
    run(study, 12)
    last = study.trials[-1]
    (key,) = {key for t in study.trials for key in t.system_attrs if "optimizer:0" in key}
    attrs = {key: pickle.dumps(Strange()).hex()}
    of = {"params": last.params, "distributions": SPACE, "value": 0.0}
    study.add_trial(optuna.create_trial(**of, system_attrs=attrs))
    with pytest.raises(UserError, match=r"names pathlib\.Path\.touch as a part of CMA-ES' state"):
        run(study, 1)
    assert not Path("ran").exists()
