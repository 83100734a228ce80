"""What do dropout rates, learning rate and epochs do to a network's test accuracy?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_study.comparison.compare import compare
    from dropout_study.comparison.result import StudyComparison
    from dropout_study.errors import TrialPruned
    from dropout_study.results.study import StudyTables, load_study
    from dropout_study.sweep.current import current_trial

__version__ = "0.1.0"
__all__ = [
    "StudyComparison",
    "StudyTables",
    "TrialPruned",
    "compare",
    "current_trial",
    "load_study",
]

_PLACES = {
    "StudyComparison": "comparison.result",
    "StudyTables": "results.study",
    "TrialPruned": "errors",
    "compare": "comparison.compare",
    "current_trial": "sweep.current",
    "load_study": "results.study",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is used: Hydra's plugin discovery imports this package too."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"dropout_study.{_PLACES[name]}"), name)
