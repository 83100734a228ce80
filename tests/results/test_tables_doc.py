import re
from pathlib import Path

from dropout_study.confirmation.plan import Configuration, Plan
from dropout_study.confirmation.summary import summarise
from dropout_study.results.columns import FIRST_COLUMNS, LAST_COLUMNS
from dropout_study.results.histories import COLUMNS
from dropout_study.results.record import NUMBERS
from dropout_study.training.metrics import DEFAULT_METRICS
from dropout_study.trial import SPLITS

PAGE = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")


def test_every_column_is_in_the_data_dictionary() -> None:
    documented = set(re.findall(r"`([\w.]+)`", PAGE))

    measured = {f"{split}_{name}" for split in SPLITS for name in DEFAULT_METRICS}
    assert {*FIRST_COLUMNS, *LAST_COLUMNS, *COLUMNS, *NUMBERS, *measured} <= documented


def test_every_column_of_a_confirmation_is_in_the_data_dictionary() -> None:
    from omegaconf import OmegaConf

    configurations = [Configuration(n, n, OmegaConf.create({}), (1, 2)) for n in ("a", "b")]
    runs = [
        {"configuration": "a", "seed": seed, "state": "COMPLETE", "test_accuracy": seed / 4}
        for seed in (1, 2)
    ]
    table = summarise(Plan(configurations, {"book": "b"}), runs, "test_accuracy")

    for name in table.columns:
        told = name if name == "minus_book" else name.replace("minus_book", "minus_...")
        assert f"`{told}`" in PAGE
