"""Accuracy and negative log-likelihood of Monte-Carlo averages against the number of passes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropout_study.report.figures.evaluation_rates import inference_table
from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PINK,
    SKY,
    finish,
    log_axis,
)
from dropout_study.report.language import say
from dropout_study.report.view import StudyView
from dropout_study.stats.intervals import Estimate, mean_estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY)
MOST = len(COLOURS)
"""Largest number of configurations that are drawn."""
SCALES = {"accuracy_gain": 100.0, "loss_gain": 1.0}
LABELS = {
    "accuracy_gain": "test accuracy minus\nweight scaling's (points)",
    "loss_gain": "test loss minus\nweight scaling's (nats)",
}


@dataclass(frozen=True)
class Passes:
    """One configuration.

    Attributes:
        label: its parameters.
        samples: numbers of passes.
        gains: by ``accuracy_gain`` (in percentage points) and ``loss_gain``: the difference to
            weight scaling at each number of passes, over the seeds.
    """

    label: str
    samples: list[int]
    gains: dict[str, list[Estimate]]


def passes(view: StudyView) -> list[Passes]:
    """Returns the first ``MOST`` configurations, with the noise layers' own rates."""
    table = inference_table(view)
    table = table[(table["way"] == "monte_carlo") & table["rate"].isna()]
    if table["samples"].nunique() < 2:
        raise NotEnoughError(
            "needs averages of several numbers of passes; dropout-study-predict DIR --split test "
            "--samples 1,2,5,10,20,50 writes them"
        )
    names = [name for name in view.params if name in table]
    keys = table[names].astype(str).agg(", ".join, axis=1) if names else table["way"]
    found = []
    for _, rows in list(table.groupby(keys, sort=False))[:MOST]:
        by_samples = rows.groupby("samples")
        gains = {
            name: [mean_estimate((scale * group[name]).tolist()) for _, group in by_samples]
            for name, scale in SCALES.items()
        }
        label = view.describe(int(rows["trial"].iloc[0]), names) if names else ""
        found.append(Passes(label, [int(str(count)) for count in by_samples.groups], gains))
    return found


def draw_passes(lines: list[Passes], figure: "Figure") -> None:
    """Draws a panel of accuracy and one of loss, with 95 % intervals over the seeds."""
    figure.set_size_inches(figure.get_figwidth(), 3.8)
    for ax, (name, label) in zip(figure.subplots(1, 2), LABELS.items(), strict=True):
        ax.axhline(0, color=INK, lw=0.8)
        for line, colour in zip(lines, COLOURS, strict=False):
            ends = line.gains[name]
            ax.plot(line.samples, [e.mean for e in ends], "o-", color=colour, label=line.label)
            bounds = [e.low for e in ends], [e.high for e in ends]
            ax.fill_between(line.samples, *bounds, color=colour, alpha=0.2, lw=0)
        ax.set_xscale("log")
        log_axis(ax.xaxis)
        ax.set_xlabel(say("passes (log scale)"))
        ax.set_ylabel(say(label))
        finish(ax, legend=False)
    if any(line.label for line in lines):
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    counts = sorted({e.n for line in lines for e in line.gains["loss_gain"]})
    figure.suptitle(say("Mean of the passes, n = {n}", n="/".join(map(str, counts))))


FIGURE = FigureSpec(
    "passes",
    "Monte-Carlo averages against weight scaling",
    "Each point averages the probabilities of that many passes with the noise on. It is compared "
    "with weight scaling, one pass without noise, of the same network. Bands are 95 % intervals of "
    "the mean over seeds. A smaller number of passes has the first of the same passes. At "
    "most five configurations are drawn, the first of the table.",
    lambda view, figure: draw_passes(passes(view), figure),
)
