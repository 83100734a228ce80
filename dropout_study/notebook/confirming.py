"""``dropout_study.confirm``: a confirmation as Python sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import pandas as pd

from dropout_study.checks import TEXTS, check_list, check_path
from dropout_study.errors import UserError
from dropout_study.notebook.studies import Study, load_study
from dropout_study.results.printed.html import paragraph, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Confirmation:
    """Configurations of a study that were trained again with fresh seeds.

    Attributes:
        study: the study.
        table: one row per configuration: mean, interval, differences to the references.
        runs: one row per configuration and seed.
    """

    study: Study
    table: pd.DataFrame
    runs: pd.DataFrame

    @property
    def sentences(self) -> list[str]:
        """What the differences and their intervals say."""
        from dropout_study.report.confirmed import confirmed_sentences

        return confirmed_sentences(self.study.view)

    def figure(self) -> "Figure":
        """Returns the test metric of every configuration and seed as a matplotlib figure."""
        from dropout_study.notebook.drawn import drawn
        from dropout_study.report.figures.confirmation import FIGURE

        return drawn(FIGURE, self.study.view)

    def __repr__(self) -> str:
        return "\n".join([f"confirmation of {self.study.name}", *self.sentences])

    def _repr_html_(self) -> str:
        from dropout_study.report.page_tables import confirmation_table

        told = confirmation_table(self.study.view)
        heading = paragraph(f"confirmation of {self.study.name}")
        shown = table(told.heads, told.rows, told.left) if told else ""
        return heading + shown + "".join(map(paragraph, self.sentences))


def confirm(
    study: PathLike[str] | str,
    *,
    top: int = 3,
    seeds: int = 10,
    merge: bool = True,
    by: Sequence[str] = (),
    within: Sequence[str] = (),
    baseline: str = "",
    against: PathLike[str] | str | None = None,
    trust: bool = False,
) -> Confirmation:
    """Trains the best configurations again with fresh seeds, as ``dropout-study-confirm`` does.

    Runs that have a result are not trained again, so the same call continues what was interrupted.

    Args:
        study: a study or its directory.
        top: number of configurations, the best by the objective.
        seeds: number of fresh seeds, the same for each configuration.
        merge: whether to train on the validation images too.
        by: compare the values of these searched parameters instead, each with its best trial.
        within: repeat the comparison at each value of these parameters.
        baseline: the value with which the others are compared.
        against: compare the best trial with that of the study in this directory instead.
        trust: whether the study's configurations may name any class, as your own network.

    Raises:
        UserError: an argument is out of range, or the study has nothing to confirm.
    """
    from dropout_study.confirmation.confirm import confirm_and_report

    root = check_path("study", study)
    confirm_and_report(
        root,
        trust=trust,
        top=top,
        seeds=seeds,
        merge=merge,
        by=check_list("by", by, *TEXTS),
        within=check_list("within", within, *TEXTS),
        baseline=str(baseline),
        against=None if against is None else check_path("against", against),
    )
    loaded = load_study(root)
    table, runs = loaded.confirmation, loaded.confirmation_runs
    if table is None or runs is None:
        raise UserError(f"the confirmation of {root} cannot be read")
    return Confirmation(loaded, table, runs)
