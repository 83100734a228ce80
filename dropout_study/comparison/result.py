"""What a comparison of studies returns."""

from dataclasses import dataclass

import pandas as pd

from dropout_study.report.view import StudyView

SEEDS, IMAGES = "seeds", "test images"
"""What the interval of a test metric is over: the column ``test_over``."""


@dataclass(frozen=True)
class StudyComparison:
    """Studies side by side.

    Attributes:
        studies: one row per study; ``docs/comparing.md`` describes the columns. Some are the
            settings in which the studies differ.
        settings: the names of these columns, each the key of an override.
        curves: the learning curves of the best trials: ``study``, ``epoch`` and the metrics, as
            means over the seeds.
        sentences: what the comparison says, and what could not be compared.
        views: the studies that were read.
    """

    studies: pd.DataFrame
    settings: tuple[str, ...]
    curves: pd.DataFrame
    sentences: tuple[str, ...]
    views: tuple[StudyView, ...]
