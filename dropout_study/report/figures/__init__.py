"""The figures of the report, one per file.

Each module here defines ``FIGURE``, a ``FigureSpec``. It has a pure function that computes the data
from a study, and a function that draws the data. A new figure is one new module.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from dropout_study.errors import UserError
from dropout_study.report.figures.spec import Drawn, FigureSpec, NotEnoughError, draw_figures

__all__ = ["Drawn", "FigureSpec", "NotEnoughError", "draw_figures", "named_figure", "study_figures"]


@cache
def study_figures() -> tuple[FigureSpec, ...]:
    """Returns the figures of this package that show a study, in the order of the page."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    specs: list[FigureSpec] = [module.FIGURE for module in modules if hasattr(module, "FIGURE")]
    placed = [(spec.place, spec.name, spec) for spec in specs if spec.place is not None]
    return tuple(spec for _, _, spec in sorted(placed, key=lambda each: each[:2]))


def named_figure(target: str) -> FigureSpec:
    """Returns the user's own figure that ``target`` names.

    Args:
        target: dotted path of a ``FigureSpec``, for example ``my_figures.FIGURE``.

    Raises:
        UserError: it cannot be imported or is not a ``FigureSpec``.
    """
    module, _, name = target.rpartition(".")
    if not module or not name:
        rule = "must be the dotted path of a figure of your own, as my_figures.FIGURE"
        raise UserError(f"`{target}` {rule}")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"the figure `{target}` cannot be imported: {error}") from error
    if not isinstance(found, FigureSpec):
        raise UserError(
            f"the figure `{target}` must be a dropout_study.report.figures.FigureSpec, "
            f"got {type(found).__name__}"
        )
    return found
