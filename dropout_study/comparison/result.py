"""What a comparison of studies returns."""

from dataclasses import dataclass

import pandas as pd

from dropout_study.report.view import StudyView
from dropout_study.results.printed.html import columns_table, paragraph

SEEDS, IMAGES = "seeds", "test images"
"""What the interval of a test metric is over: the column ``test_over``."""

CONFIG = "config."


def setting_column(key: str) -> str:
    """Returns the column of a setting: its key, or ``config.key`` for a key without a dot.

    The keys of another application may be called as a column of this table, as ``epochs``.
    """
    alone = "." not in key and "/" not in key
    return f"{CONFIG}{key}" if alone or key.startswith(CONFIG) else key


def setting_key(column: str) -> str:
    """Returns the key of a setting from the name of its column."""
    return column.removeprefix(CONFIG)


@dataclass(frozen=True, repr=False)
class StudyComparison:
    """Studies side by side.

    Attributes:
        studies: one row per study; ``docs/comparing.md`` describes the columns. Some are the
            settings in which the studies differ.
        settings: the names of these columns: ``setting_column`` of the key of an override.
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

    def __repr__(self) -> str:
        return "\n".join([f"comparison of {', '.join(self.studies['study'])}", *self.sentences])

    def _repr_html_(self) -> str:
        from dropout_study.comparison.printed import columns, heading, setting_columns

        settings = columns_table(setting_columns(self)) if self.settings else ""
        shown = paragraph(heading(self.studies)) + columns_table(columns(self.studies))
        return shown + settings + "".join(map(paragraph, self.sentences))
