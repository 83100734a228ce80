"""The figures of the report, one a file.

Each module here defines ``FIGURE``, a ``FigureSpec``: a pure function that computes the data from a
study, and a function that draws it. A new figure is a new module; nothing else is edited.
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
    """Returns the figure of a user's own that ``target`` names.

    Args:
        target: dotted path of a ``FigureSpec``, as in ``my_figures.FIGURE``.

    Raises:
        UserError: there is none.
    """
    module, _, name = target.rpartition(".")
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
