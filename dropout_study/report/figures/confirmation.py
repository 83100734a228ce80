"""The figure of the confirmation: the test metric of every seed, its mean and interval."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropout_study.report.confirmed import confirmed_metric, described, trained_on
from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import BLUE, GREY, finish, percent_axis
from dropout_study.report.language import say
from dropout_study.report.objective import is_share, metric_words
from dropout_study.report.view import StudyView
from dropout_study.trial import MERGED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEEDED = ("configuration", "description", "n", "mean", "low", "high")


@dataclass(frozen=True)
class Confirmed:
    """One configuration.

    Attributes:
        label: its name and description.
        seeds: the metric of each seed with a result.
        mean: the mean over the seeds.
        bounds: the 95 % interval of the mean; nan if there is none.
        metric: the test metric, usually "test_accuracy".
        trained_on: the splits that were trained on, in words.
    """

    label: str
    seeds: list[float]
    mean: float
    bounds: tuple[float, float]
    metric: str = "test_accuracy"
    trained_on: str = MERGED


def confirmed(view: StudyView) -> list[Confirmed]:
    """Returns the configurations with a mean, in the order of ``confirmation.csv``."""
    table, runs = view.tables.confirmation, view.tables.confirmation_runs
    if table is None:
        raise NotEnoughError("there is no confirmation.csv")
    if not set(NEEDED) <= set(table.columns):
        raise NotEnoughError("confirmation.csv lacks one of {names}", names=", ".join(NEEDED))
    by_name: dict[str, list[float]] = {}
    metric = confirmed_metric(table)
    if runs is not None and {"configuration", metric} <= set(runs.columns):
        groups = runs.dropna(subset=[metric]).groupby("configuration")[metric]
        by_name = {str(name): group.tolist() for name, group in groups}
    found = [
        Confirmed(
            label=f"{row['configuration']}\n{described(view, str(row['description']))}",
            seeds=by_name.get(str(row["configuration"]), []),
            mean=float(row["mean"]),
            bounds=(float(row["low"]), float(row["high"])),
            metric=metric,
            trained_on=trained_on(table),
        )
        for _, row in table.dropna(subset=["mean"]).iterrows()
    ]
    if not found:
        raise NotEnoughError("no run of the confirmation has a result")
    return found


def draw_confirmed(rows: list[Confirmed], figure: "Figure") -> None:
    """Draws one line per configuration, the first on top."""
    figure.set_size_inches(figure.get_figwidth(), 0.62 * len(rows) + 1.2)
    ax = figure.add_subplot()
    interval = say("95 % interval of the mean")
    for place, row in enumerate(rows):
        ax.scatter(row.seeds, [place] * len(row.seeds), s=16, color=GREY, label=say("one seed"))
        if row.bounds[0] == row.bounds[0]:  # not nan: there are enough seeds
            ax.plot(row.bounds, [place, place], color=BLUE, lw=3, label=interval)
        ax.plot(row.mean, place, "D", color=BLUE, ms=7, zorder=3, label=say("mean"))
    ax.set_yticks(range(len(rows)), [row.label for row in rows])
    ax.invert_yaxis()
    metric = rows[0].metric
    split = say(rows[0].trained_on)
    ax.set_xlabel(
        say("{metric} after training on {split}", metric=metric_words(metric), split=split)
    )
    percent_axis(ax.xaxis, accuracy=is_share(metric))
    counts = sorted({len(row.seeds) for row in rows})
    seeds = str(counts[0])
    if len(counts) > 1:
        seeds = say("{low} to {high}", low=counts[0], high=counts[-1])
    title = "{n} configurations with {seeds} fresh seeds each"
    ax.set_title(say(title, n=len(rows), seeds=seeds))
    finish(ax, legend=False)
    names = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    figure.legend(names.values(), names.keys(), loc="outside lower center", ncols=3)


FIGURE = FigureSpec(
    "confirmation",
    "Confirmation with fresh seeds",
    "All configurations except the null check have the same seeds. Compare them by their paired "
    "differences, not by the overlap of their intervals.",
    lambda view, figure: draw_confirmed(confirmed(view), figure),
)
