"""The report's figures: what each shows, how it is drawn, and the files that it becomes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.files import atomic_write
from dropout_study.report.arms import arm_curves, draw_arm_curves
from dropout_study.report.confirmation_figure import confirmed, draw_confirmed
from dropout_study.report.figure import NotEnoughError
from dropout_study.report.gap import draw_generalisation_gaps, generalisation_gaps
from dropout_study.report.importance import draw_importances, parameter_importances
from dropout_study.report.isolation import draw_isolations, isolations
from dropout_study.report.landscape import draw_landscape, landscape
from dropout_study.report.parallel import draw_parallel_coordinates, parallel_coordinates
from dropout_study.report.progression import (
    draw_intermediate_values,
    draw_optimisation_history,
    intermediate_values,
    optimisation_history,
)
from dropout_study.report.view import StudyView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 130


@dataclass(frozen=True)
class FigureSpec:
    """One figure of the report.

    Attributes:
        name: of its files.
        heading: over it on the page.
        caption: what is drawn, and what must not be read out of it.
        draw: computes the data from a study and draws it; raises NotEnoughError.
    """

    name: str
    heading: str
    caption: str
    draw: Callable[[StudyView, "Figure"], None]


@dataclass(frozen=True)
class Drawn:
    """A figure's files, or the reason why there are none."""

    spec: FigureSpec
    png: Path | None = None
    missing: str = ""


def _draw_isolations(view: StudyView, figure: "Figure") -> None:
    draw_isolations(isolations(view), figure, view.value_label, view.is_accuracy)


SPECS = (
    FigureSpec(
        "landscape",
        "Accuracy over the two dropout rates",
        "Each circle is the best complete trial at these rates, whatever its other parameters. The "
        "surface is interpolated linearly between the circles and says nothing outside them.",
        lambda view, figure: draw_landscape(landscape(view), figure),
    ),
    FigureSpec(
        "isolation",
        "Each parameter at the best values of the others",
        "The line joins the best trial in each of at most eight ranges of a parameter, with about "
        "as many trials in each. A best of few trials is noisy: small steps mean nothing.",
        _draw_isolations,
    ),
    FigureSpec(
        "learning_curves",
        "Learning curves: best, book's rates, no dropout",
        "Train loss is taken during the epoch with dropout on, the accuracies after it with "
        "dropout off. Of the book's rates and of no dropout the best trial by validation is shown. "
        "Trials with one seed see the same minibatches, so their curves rise and dip together.",
        lambda view, figure: draw_arm_curves(arm_curves(view), figure),
    ),
    FigureSpec(
        "generalisation_gap",
        "Generalisation gap against the dropout rates",
        "Train accuracy is the mean over the last epoch with dropout on, so strong dropout lowers "
        "it, and the gap may be negative. The other parameters are not held fixed.",
        lambda view, figure: draw_generalisation_gaps(generalisation_gaps(view), figure),
    ),
    FigureSpec(
        "optimisation_history",
        "Optimisation history",
        "Pruned trials are drawn at the last value that they reported: they trained for less.",
        lambda view, figure: draw_optimisation_history(optimisation_history(view), figure),
    ),
    FigureSpec(
        "intermediate_values",
        "Intermediate values",
        "One line a trial; a cross marks where it was pruned.",
        lambda view, figure: draw_intermediate_values(*intermediate_values(view), figure),
    ),
    FigureSpec(
        "importances",
        "Parameter importances",
        "Optuna's PED-ANOVA (Watanabe et al. 2023) on the complete trials: how well this parameter "
        "alone tells the good trials from the rest. It depends on the ranges that were searched.",
        lambda view, figure: draw_importances(parameter_importances(view), figure),
    ),
    FigureSpec(
        "parallel_coordinates",
        "Parallel coordinates",
        "A line a complete trial. It ends at an axis whose parameter the trial does not have.",
        lambda view, figure: draw_parallel_coordinates(parallel_coordinates(view), figure),
    ),
)


CONFIRMATION = FigureSpec(
    "confirmation",
    "Confirmation with fresh seeds",
    "Compare configurations by their paired differences, not by whether their intervals overlap: "
    "the seeds are the same for all but the null check.",
    lambda view, figure: draw_confirmed(confirmed(view), figure),
)


def draw_figures(
    view: StudyView, directory: Path, specs: Sequence[FigureSpec] = SPECS
) -> Iterator[Drawn]:
    """Draws every figure that the study has the data for into PNG and SVG files."""
    for spec in specs:
        try:
            yield Drawn(spec, png=_save(spec, view, directory))
        except NotEnoughError as reason:
            for suffix in (".png", ".svg"):  # none is left of an earlier state of the study
                (directory / f"{spec.name}{suffix}").unlink(missing_ok=True)
            yield Drawn(spec, missing=str(reason))


def _save(spec: FigureSpec, view: StudyView, directory: Path) -> Path:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # A fixed salt and no date: the same study gives the same SVG, byte for byte. A user's names and
    # categories are shown as they are, not read as formulas.
    with rc_context({"svg.hashsalt": spec.name, "svg.fonttype": "none", "text.parse_math": False}):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        spec.draw(view, figure)
        with atomic_write(directory / f"{spec.name}.svg", durable=False) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
        figure.set_layout_engine("none")  # the PNG takes the SVG's layout, in half the time
        png = directory / f"{spec.name}.png"
        with atomic_write(png, durable=False) as temporary:
            figure.savefig(temporary, format="png", dpi=DPI)
    return png
