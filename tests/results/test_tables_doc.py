import re
from pathlib import Path

from dropout_study.confirmation.plan import Configuration, Plan
from dropout_study.confirmation.summary import summarise
from dropout_study.models import MLP
from dropout_study.paths import measure_names
from dropout_study.results.columns import FIRST_COLUMNS, LAST_COLUMNS
from dropout_study.results.histories import COLUMNS
from dropout_study.task.job_files import NUMBERS
from dropout_study.training import TrainSettings, measures, metrics
from dropout_study.training.metrics import DEFAULT_METRICS, MeanMetric, Metric
from dropout_study.trial import SPLITS

NAMES = measure_names()
PAGE = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")


def test_every_column_is_in_the_data_dictionary() -> None:
    documented = set(re.findall(r"`([\w.]+)`", PAGE))

    measured = {f"{split}_{name}" for split in SPLITS for name in DEFAULT_METRICS}
    assert {*FIRST_COLUMNS, *LAST_COLUMNS, *COLUMNS, *NUMBERS, *measured} <= documented


def test_every_metric_of_the_package_is_there_in_its_own_words() -> None:
    kinds = [kind for kind in vars(metrics).values() if isinstance(kind, type)]
    own = [kind for kind in kinds if issubclass(kind, Metric) and kind not in (Metric, MeanMetric)]
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    assert len(own) >= 5
    for kind in own:
        row = next(row for row in rows if len(row) == 7 and kind.meaning in row[3])
        assert [cell.strip() for cell in row[4:6]] == [kind.unit, kind.better], kind


def test_every_column_of_a_measurement_is_there(splits) -> None:
    model = MLP(in_shape=splits.in_shape, classes=10)
    types = {name: getattr(measures, "".join(map(str.title, name.split("_")))) for name in NAMES}
    settings = TrainSettings(batch_size=100, measures=types)
    for column in measures.Measuring(model, settings).after(splits, epoch=1):
        told = re.sub(r"(activations_[a-z]+_[a-z]+_).*", r"\1<layer>", column)
        assert f"`{told}`" in PAGE, column


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
