"""Samplers by config: what trial n is given depends on the seed, n and the storage alone."""

import random
from dataclasses import dataclass
from pathlib import Path

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend

from dropout_study.search.grid import n_points, n_walked
from dropout_study.search.priors import NumberPrior
from dropout_study.sweeper.confs.pruners import PRUNERS, register_pruners
from dropout_study.sweeper.confs.samplers import SAMPLERS, NSGAIISamplerConf
from dropout_study.sweeper.samplers import SeededByTrial, build_pruner, build_sampler

NUMBERS = {"x": FloatDistribution(0, 1), "n": IntDistribution(1, 9), "y": FloatDistribution(0, 2)}
FINITE = {
    "c": CategoricalDistribution(("a", "b")),
    "n": IntDistribution(1, 3),
    "x": FloatDistribution(0, 0.5, step=0.5),
}
SPACES = {name: FINITE if name in ("grid", "brute_force") else NUMBERS for name in SAMPLERS}
SMALL = {  # so that twelve trials reach the model, the second generation
    "tpe": {"n_startup_trials": 3},
    "gp": {"n_startup_trials": 3},
    "cmaes": {"popsize": 4},
    "qmc": {"scramble": True},
    "nsgaii": {"population_size": 3},
    "nsgaiii": {"population_size": 3},
}


def conf_of(name, **given):
    return OmegaConf.merge(OmegaConf.structured(SAMPLERS[name]), {**SMALL.get(name, {}), **given})


def run_one(study, space):
    trial = study.ask(dict(space))
    numbers = [v if isinstance(v, int | float) else ord(v) for v in trial.params.values()]
    study.tell(trial, sum(numbers) - numbers[0] * numbers[1])
    return trial.params


def run(conf, space, storage, trials, **kwargs):
    study = optuna.create_study(
        storage=storage,
        study_name="s",
        sampler=SeededByTrial(conf, space),
        load_if_exists=True,
        **kwargs,
    )
    return [run_one(study, space) for _ in range(trials)]


def journal(path: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(path)))


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_study_reopened_at_random_moments_goes_on_as_if_it_had_not_been(name, tmp_path):
    conf, space = conf_of(name), SPACES[name]
    whole = run(conf, space, InMemoryStorage(), 12)

    dice, pieces = random.Random(0), []
    while len(pieces) < 12:
        size = min(dice.randint(1, 3), 12 - len(pieces))
        pieces += run(conf, space, journal(tmp_path / "journal.log"), size)

    assert pieces == whole


@pytest.mark.parametrize("name", SAMPLERS)
def test_trials_differ_from_one_another(name):
    points = run(conf_of(name), SPACES[name], InMemoryStorage(), 12)
    assert len({tuple(point.values()) for point in points}) >= 10  # a model may come back to a best


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {"qmc"}))
def test_another_seed_gives_other_trials(name):
    storages = InMemoryStorage(), InMemoryStorage()
    first, second = (
        run(conf_of(name, seed=seed), SPACES[name], storage, 3)
        for seed, storage in enumerate(storages)
    )
    assert first != second


@pytest.mark.parametrize("name", ["grid", "brute_force"])
def test_a_walk_visits_each_point_once(name, tmp_path):
    for _ in range(n_points(FINITE) // 2):
        run(conf_of(name), FINITE, journal(tmp_path / "journal.log"), 2)
    storage = journal(tmp_path / "journal.log")
    study = optuna.load_study(study_name="s", storage=storage)
    assert n_walked(study.trials, FINITE) == len(study.trials) == n_points(FINITE) == 12


@pytest.mark.parametrize("name", ["grid", "brute_force"])
def test_a_walk_ends_also_where_a_point_was_enqueued(name):
    conf = conf_of(name)
    study = optuna.create_study(sampler=SeededByTrial(conf, FINITE))
    study.enqueue_trial({"c": "b", "n": 2, "x": 0.5})
    while n_walked(study.trials, FINITE) < n_points(FINITE):
        run_one(study, FINITE)
    assert len(study.trials) <= n_points(FINITE) + 1


def test_grid_and_brute_force_are_known_as_walks():
    assert SeededByTrial(conf_of("grid"), FINITE).walks
    assert SeededByTrial(conf_of("brute_force"), FINITE).walks
    assert not SeededByTrial(conf_of("tpe"), FINITE).walks


def test_a_grid_over_an_interval_is_refused(told):
    message = told(build_sampler, conf_of("grid"), 0, NUMBERS)
    assert message.startswith("`x` must have a step")
    assert "range(0, 1, STEP)" in message


def test_a_seed_of_the_clock_still_gives_one_sequence():
    conf = conf_of("qmc", seed=None)
    points = run(conf, NUMBERS, InMemoryStorage(), 9)[1:]
    quarters = sorted(int(point["x"] * 4) for point in points)
    assert quarters == [0, 0, 1, 1, 2, 2, 3, 3]  # what a low-discrepancy sequence is for


def test_a_null_seed_is_of_the_clock():
    first, second = (run(conf_of("random", seed=None), NUMBERS, InMemoryStorage(), 1) for _ in "ab")
    assert first != second


def test_samplers_inside_a_sampler_are_seeded_by_the_trial_too():
    nested = {"_target_": "optuna.samplers.RandomSampler", "seed": 0}
    conf = OmegaConf.merge(conf_of("cmaes", n_startup_trials=99), {"independent_sampler": nested})
    points = run(conf, NUMBERS, InMemoryStorage(), 3)
    assert len({point["x"] for point in points}) == 3
    assert points == run(conf, NUMBERS, InMemoryStorage(), 3)


def test_objects_of_a_sampler_come_in_by_target():
    crossover = {"_target_": "optuna.samplers.nsgaii.BLXAlphaCrossover"}
    conf = OmegaConf.merge(OmegaConf.structured(NSGAIISamplerConf), {"crossover": crossover})
    assert len(run(conf, NUMBERS, InMemoryStorage(), 3)) == 3


@dataclass
class HalfWay(BaseSampler):
    """A sampler of a user's own."""

    share: float = 0.5
    seed: int | None = None

    def infer_relative_search_space(self, study, trial):
        return {}

    def sample_relative(self, study, trial, search_space):
        return {}

    def sample_independent(self, study, trial, name, distribution):
        return distribution.low + self.share * (distribution.high - distribution.low)


def test_any_class_is_a_sampler_by_its_target():
    conf = OmegaConf.create({"_target_": f"{__name__}.HalfWay", "share": 0.25})
    space = {"x": NUMBERS["x"], "y": NUMBERS["y"]}
    assert run(conf, space, InMemoryStorage(), 1) == [{"x": 0.25, "y": 0.5}]


@pytest.mark.parametrize(
    ("conf", "words"),
    [
        ({"_target_": "optuna.samplers.Nothing"}, "`hydra.sweeper.sampler` cannot be built"),
        ({"_target_": "builtins.dict"}, "must return an Optuna sampler, got dict"),
        ({"_target_": "optuna.samplers.NSGAIISampler", "population_size": 1}, "population_size"),
        ({"_target_": "???"}, "`hydra.sweeper.sampler._target_` must be given"),
    ],
)
def test_a_sampler_that_cannot_be_built_is_refused_in_one_line(told, conf, words):
    assert words in told(build_sampler, OmegaConf.create(conf), 0, NUMBERS)


GIVEN = {"percentile": "percentile=25", "threshold": "lower=0.1", "patient": "patience=2"}


@pytest.mark.parametrize("name", PRUNERS)
def test_every_pruner_of_the_group_is_built_and_answers(name, compose_config):
    register_pruners()
    given = [f"pruner.{GIVEN[name]}"] if name in GIVEN else []
    conf = compose_config(f"+hydra/sweeper/pruner@pruner={name}", *given).pruner
    study = optuna.create_study(pruner=build_pruner(conf), sampler=RandomSampler(0))
    trial = study.ask()
    trial.report(0.5, 1)
    assert trial.should_prune() is (name == "pause_and_promote")  # of one trial none is the best


def test_a_patient_pruner_asks_another_that_the_command_line_names(compose_config):
    register_pruners()
    wrapped = "hydra/sweeper/pruner@pruner.wrapped_pruner"
    chosen = ["+hydra/sweeper/pruner@pruner=patient", "pruner.patience=1"]
    default = compose_config(*chosen).pruner
    assert default.wrapped_pruner._target_ == "optuna.pruners.MedianPruner"
    other = compose_config(*chosen, f"{wrapped}=hyperband").pruner
    assert other.wrapped_pruner._target_ == "optuna.pruners.HyperbandPruner"


def test_without_a_conf_nothing_is_pruned():
    assert type(build_pruner(None)).__name__ == "NopPruner"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("percentile", "`hydra.sweeper.pruner.percentile` must be given"),
        ("threshold", "Either lower or upper must be specified"),
    ],
)
def test_a_pruner_that_lacks_something_is_refused_in_one_line(told, name, words):
    assert words in told(build_pruner, OmegaConf.structured(PRUNERS[name]))


PRIORS = {"x": NumberPrior(0.9, 0.001), "n": NumberPrior(2, 0.1)}


@pytest.mark.parametrize(("name", "by_prior"), [("random", 8), ("tpe", 3), ("gp", 3)])
def test_what_a_sampler_draws_at_random_comes_from_the_priors(name, by_prior):
    conf = conf_of(name)

    def run_with(priors):
        study = optuna.create_study(sampler=SeededByTrial(conf, NUMBERS, priors))
        return [run_one(study, NUMBERS) for _ in range(8)]

    found = run_with(PRIORS)
    drawn = [abs(params["x"] - 0.9) < 0.005 and params["n"] == 2 for params in found]
    assert drawn == [True] * by_prior + [False] * (8 - by_prior)
    assert len({params["x"] for params in found[:by_prior]}) == by_prior
    assert found == run_with(PRIORS)  # a function of the seed


@pytest.mark.parametrize("name", ["grid", "brute_force", "cmaes", "qmc", "nsgaii", "nsgaiii"])
def test_a_sampler_that_has_no_use_for_a_prior_refuses_it(name, told):
    space = SPACES[name]
    message = told(SeededByTrial, conf_of(name), space, {"n": NumberPrior(2, 1)})
    assert message.startswith("the prior of `n` cannot be used by ")


def test_a_prior_beside_earlier_studies_is_refused(told):
    sampler = SeededByTrial(conf_of("tpe"), NUMBERS, PRIORS)
    assert "leave one out" in told(sampler.check_learns)
