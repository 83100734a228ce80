from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from dropout_study.confirmation.plan import NULL, Configuration, Plan
from dropout_study.confirmation.summary import by_seed
from dropout_study.confirmation.summary import summarise as summarise_runs

SEEDS = tuple(range(1, 11))
OTHERS = tuple(range(11, 21))


def plan() -> Plan:
    config = OmegaConf.create({})
    names = ("trial_8", "trial_0", "trial_1")
    configurations = [Configuration(name, name, config, SEEDS) for name in names]
    null = Configuration(NULL, "again", config, OTHERS, twin="trial_0")
    return Plan([*configurations, null], {"book": "trial_0", "no_dropout": "trial_1"})


def summarise(plan: Plan, values: dict[str, dict[int, float]]) -> pd.DataFrame:
    ended = {"state": "COMPLETE"}
    runs = [
        {"configuration": name, "seed": seed, "test_accuracy": value, **ended}
        for name, by_seed in values.items()
        for seed, value in by_seed.items()
    ]
    return summarise_runs(plan, runs, "test_accuracy")


def drawn(mean: float, seeds: tuple[int, ...] = SEEDS, purpose: int = 0) -> dict[int, float]:
    noise = np.random.default_rng(purpose).normal(0, 0.005, size=len(seeds))
    return dict(zip(seeds, (mean + noise).tolist(), strict=True))


def measured() -> dict[str, dict[int, float]]:
    return {
        "trial_8": drawn(0.90, purpose=1),
        "trial_0": drawn(0.87, purpose=2),
        "trial_1": drawn(0.86, purpose=3),
        NULL: drawn(0.87, OTHERS, purpose=4),
    }


def test_every_configuration_has_its_mean_and_interval() -> None:
    table = summarise(plan(), measured()).set_index("configuration")

    assert table["n"].tolist() == [10] * 4
    assert table.loc["trial_8", "mean"] == pytest.approx(
        np.mean([*drawn(0.90, purpose=1).values()])
    )
    assert (table["low"] < table["mean"]).all()
    assert (table["mean"] < table["high"]).all()


def test_differences_are_paired_and_corrected_over_all_claims() -> None:
    table = summarise(plan(), measured()).set_index("configuration")

    best = table.loc["trial_8"]
    assert best["minus_book"] == pytest.approx(best["mean"] - table.loc["trial_0", "mean"])
    assert best["minus_book_low"] > 0
    assert best["minus_book_p"] == pytest.approx(2 / 2**10)
    assert best["minus_book_p_holm"] == pytest.approx(4 * 2 / 2**10)  # four differences are claims
    assert np.isnan(table.loc["trial_0", "minus_book"])
    assert set(table["differences"]) == {4}


def test_the_interval_of_one_of_several_differences_is_wider_than_of_a_single_one() -> None:
    several = summarise(plan(), measured()).iloc[0]
    alone = summarise(replace(plan(), references={"book": "trial_0"}), measured()).iloc[0]

    widths = [row["minus_book_high"] - row["minus_book_low"] for row in (several, alone)]
    assert widths[0] > 1.1 * widths[1]
    assert several["low"] == alone["low"]


def test_two_seeds_have_no_interval_and_accuracies_stay_in_their_range() -> None:
    by_name = {name: dict(list(values.items())[:2]) for name, values in measured().items()}
    few = summarise(plan(), by_name)
    assert few[["low", "high", "minus_book_low", "minus_book_high"]].isna().all(axis=None)
    assert few.loc[0, "minus_book"] == pytest.approx(0.03, abs=0.01)

    wide = {"trial_8": {1: 0.9, 2: 0.99, 3: 0.4}, "trial_0": {1: 0.1, 2: 0.9, 3: 0.2}}
    row = summarise(plan(), wide).iloc[0]
    assert (row["low"], row["high"]) == (0, 1)


def test_the_null_check_is_compared_with_its_twin_and_claims_nothing() -> None:
    null = summarise(plan(), measured()).set_index("configuration").loc[NULL]

    assert null["minus_book_n"] == 10
    assert null["minus_book_low"] < 0 < null["minus_book_high"]
    assert np.isnan(null["minus_book_p_holm"])
    assert np.isnan(null["minus_no_dropout"])


def test_the_interval_of_the_null_check_holds_zero_in_19_of_20_studies() -> None:
    held = []
    for study in range(60):
        by_name = {
            "trial_0": drawn(0.87, purpose=100 + study),
            NULL: drawn(0.87, OTHERS, purpose=900 + study),
        }
        null = summarise(plan(), by_name).set_index("configuration").loc[NULL]
        held.append(null["minus_book_low"] <= 0 <= null["minus_book_high"])

    assert np.mean(held) >= 0.85


def test_a_diverged_run_is_counted_and_left_out_of_the_pairs() -> None:
    by_name = measured()
    del by_name["trial_8"][1], by_name["trial_0"][2]

    best = summarise(plan(), by_name).set_index("configuration").loc["trial_8"]

    assert (best["n"], best["failed"], best["minus_book_n"]) == (9, 1, 8)


def test_a_configuration_without_a_result_has_a_row_without_numbers() -> None:
    by_name = measured()
    by_name["trial_8"] = {}

    best = summarise(plan(), by_name).iloc[0]

    assert best["n"] == 0
    assert np.isnan(best["mean"])
    assert np.isnan(best["minus_book"])


def test_runs_that_diverged_have_no_accuracy() -> None:
    runs = [
        {"configuration": "a", "seed": 1, "test_accuracy": 0.5},
        {"configuration": "a", "seed": 2, "state": "FAIL"},
        {"configuration": "b", "seed": 1, "state": "FAIL"},
    ]

    assert by_seed(runs, "test_accuracy") == {"a": {1: 0.5}, "b": {}}


def test_diverged_and_failed_runs_are_counted_apart() -> None:
    fail = {"configuration": "trial_8", "state": "FAIL"}
    runs = [
        {"configuration": "trial_8", "seed": 1, "state": "COMPLETE", "test_accuracy": 0.5},
        {**fail, "seed": 2, "diverged": True},
        {**fail, "seed": 3, "diverged": True},
        {**fail, "seed": 4, "diverged": False},
    ]
    short = plan()
    configurations = [replace(c, seeds=c.seeds[:4]) for c in short.configurations]

    best = summarise_runs(replace(short, configurations=configurations), runs, "test_accuracy")

    assert best.loc[0, ["n", "diverged", "failed"]].tolist() == [1, 2, 1]
