"""The pruner that predicts the end of a learning curve: its decisions, and its chances."""

import csv
import math
import random
from collections.abc import Sequence
from pathlib import Path

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.distributions import IntDistribution
from optuna.trial import TrialState, create_trial

from dropout_study.search.attrs import DUPLICATE_ATTR
from dropout_study.search.pruners.learning_curves import LearningCurvePruner
from dropout_study.sweeper.samplers import build_pruner

SPACE = {"epochs": IntDistribution(1, 200)}
PRUNER = LearningCurvePruner()


def trial_of(curve, state=TrialState.COMPLETE, epochs=None, attrs=None, first=1, every=1):
    """A trial that reports ``curve``, and ends with its last value."""
    return create_trial(
        state=state,
        value=curve[-1] if state == TrialState.COMPLETE else None,
        params={"epochs": epochs or len(curve)},
        distributions=SPACE,
        intermediate_values={first + every * i: value for i, value in enumerate(curve)},
        user_attrs=attrs or {},
    )


def study_of(trials, direction="maximize"):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction=direction)
    study.add_trials(trials)
    return study


def running(curve, epochs=20, **more):
    return trial_of(curve, TrialState.RUNNING, epochs, **more)


def rising(end: float, rate: float, epochs: int = 20) -> list[float]:
    """A curve from 0.3 to near ``end``; the smaller the rate, the later it rises."""
    noise = random.Random(f"{end} {rate}")
    return [
        end - (end - 0.3) * math.exp(-rate * i) + noise.gauss(0, 0.001)
        for i in range(1, epochs + 1)
    ]


FAST = [rising(0.80 + i / 100, 0.5) for i in range(6)]
SLOW = [rising(0.80 + i / 100, 0.1) for i in range(6)]
MIXED = study_of(map(trial_of, FAST + SLOW))


def test_of_two_curves_at_the_same_height_the_flat_one_is_stopped():
    fast, slow = rising(0.70, 0.5)[:8], rising(0.95, 0.12)[:8]
    assert fast[-1] == pytest.approx(slow[-1], abs=0.03)
    assert PRUNER.prune(MIXED, running(fast))
    assert not PRUNER.prune(MIXED, running(slow))


def test_a_trial_that_is_better_than_all_at_their_age_goes_on():
    assert not any(PRUNER.prune(MIXED, running(rising(0.9, 0.5)[:t])) for t in range(1, 20))


def test_a_smaller_chance_stops_later():
    curve = rising(0.81, 0.5)

    def stop(chance: float) -> int:
        pruner = LearningCurvePruner(min_chance=chance)
        return next((t for t in range(1, 20) if pruner.prune(MIXED, running(curve[:t]))), 20)

    assert stop(0.5) <= stop(0.05) <= stop(0.001)


def test_minimised_is_the_same_mirrored():
    mirrored = study_of((trial_of([1 - v for v in c]) for c in FAST + SLOW), "minimize")
    for curve in (FAST[1][:5], SLOW[4][:9]):
        chance = PRUNER.chance(MIXED, running(curve))
        other = PRUNER.chance(mirrored, running([1 - value for value in curve]))
        assert chance == pytest.approx(other)


def test_nothing_is_stopped_before_enough_trials_are_complete():
    bad = running([0.1] * 5)
    assert not PRUNER.prune(study_of(map(trial_of, FAST[:4])), bad)
    assert PRUNER.prune(study_of(map(trial_of, FAST[:5])), bad)
    twins = [trial_of(FAST[0], attrs={DUPLICATE_ATTR: 0})] * 3
    pruned = [trial_of(FAST[0][:3], TrialState.PRUNED)] * 3
    assert not PRUNER.prune(study_of([*map(trial_of, FAST[:4]), *twins, *pruned]), bad)
    assert not LearningCurvePruner(n_startup_trials=7).prune(study_of(map(trial_of, FAST)), bad)


def test_the_first_steps_can_be_spared_and_the_last_one_is():
    study, bad = study_of(map(trial_of, FAST)), [0.1] * 20
    assert not LearningCurvePruner(n_warmup_steps=5).prune(study, running(bad[:5]))
    assert LearningCurvePruner(n_warmup_steps=5).prune(study, running(bad[:6]))
    assert PRUNER.prune(study, running(bad[:19]))
    assert not PRUNER.prune(study, running(bad))


def test_the_steps_of_a_trial_are_those_of_the_parameter_that_holds_them():
    """Among trials of 10 to 20 epochs, one that has done 8 is at its end, or not."""
    lengths = [10, 12, 14, 16, 18, 20, 20]
    trials = [trial_of(rising(0.8 + i / 100, 0.15, n)) for i, n in enumerate(lengths)]
    study, curve = study_of(trials), rising(0.83, 0.15)[:8]
    short, long = (PRUNER.chance(study, running(curve, epochs)) for epochs in (9, 20))
    assert short < long
    assert PRUNER.chance(study, running(curve, 8)) is None

    other = study_of([trial_of(c, epochs=7) for c in FAST])  # early stopping: no parameter has them
    assert PRUNER.chance(other, running(FAST[0][:19], 7)) is not None
    assert PRUNER.chance(other, running(FAST[0], 7)) is None


def test_reports_may_be_few_and_begin_late():
    sparse = [trial_of(c[4::5], epochs=20, first=5, every=5) for c in FAST + SLOW]
    for curve, stopped in ((rising(0.70, 0.5), True), (rising(0.95, 0.12), False)):
        assert PRUNER.prune(study_of(sparse), running(curve[4:10:5], first=5, every=5)) is stopped
    once = study_of([trial_of([0.8 + i / 100], epochs=20, first=20) for i in range(6)])
    assert PRUNER.chance(once, running([0.5])) is not None


@pytest.mark.parametrize(
    ("last", "stopped"), [(math.nan, True), (-math.inf, True), (math.inf, False)]
)
def test_a_report_that_is_not_finite(last, stopped):
    assert PRUNER.prune(MIXED, running([*FAST[5][:4], last])) is stopped
    assert PRUNER.prune(MIXED, running([-math.inf, *FAST[5][1:5]])) is False


def test_curves_that_are_all_alike_give_an_answer():
    study = study_of([trial_of([0.5] * 10)] * 6)
    assert PRUNER.chance(study, running([0.4] * 3, 10)) == pytest.approx(0)
    assert PRUNER.chance(study, running([0.6] * 3, 10)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"min_chance": 0}, "`hydra.sweeper.pruner.min_chance` must be between 0 and 1, got 0"),
        ({"min_chance": 1.5}, "must be in [0, 1], got 1.5"),
        (
            {"n_startup_trials": 4},
            "hydra.sweeper.pruner.n_startup_trials` must be a finite number",
        ),
        ({"n_warmup_steps": -1}, "`hydra.sweeper.pruner.n_warmup_steps` must be a finite number"),
    ],
)
def test_settings_out_of_their_range_are_refused(told, given, words):
    conf = {"_target_": "dropout_study.search.pruners.learning_curves.LearningCurvePruner", **given}
    assert words in told(build_pruner, OmegaConf.create(conf))


def recorded() -> dict[str, list[list[float]]]:
    """Validation accuracies of three studies on 5,000 images, epoch by epoch.

    They are those of experiment=quickstart, label_noise and depth_profiles.
    """
    found: dict[str, list[list[float]]] = {}
    with (Path(__file__).parent / "recorded_curves.csv").open() as lines:
        for study, _, correct in list(csv.reader(lines))[1:]:
            found.setdefault(study, []).append([int(each) / 1000 for each in correct.split()])
    return found


def judged(curves: Sequence[Sequence[float]], every: int = 4) -> list[tuple[float, bool]]:
    """Runs trials one after the other; returns each chance, and whether the best was beaten."""
    study, found = study_of([]), []
    for curve in curves:
        best = max((each.value for each in study.trials), default=math.nan)
        for step in range(1, len(curve), every):
            chance = PRUNER.chance(study, running(curve[:step], len(curve)))
            if chance is not None:
                found.append((chance, curve[-1] > best))
        study.add_trial(trial_of(curve))
    return found


def test_the_chances_on_recorded_curves_are_not_too_small():
    """What is stopped at a chance below 0.05 would have beaten the best as seldom as that."""
    found: list[tuple[float, bool]] = []
    for curves in recorded().values():
        for seed in range(2):
            found += judged(random.Random(seed).sample(curves, len(curves)))
    shares = []
    for low, high in ((0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 1.01)):
        inside = [(chance, beaten) for chance, beaten in found if low <= chance < high]
        said, was = (sum(column) / len(inside) for column in zip(*inside, strict=True))
        assert len(inside) >= 15
        assert was <= max(said, 0.05)
        shares.append(was)
    assert shares == sorted(shares)
