"""What do dropout rates, learning rate and epochs do to a network's test accuracy?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_study.results.study import StudyTables, load_study

__version__ = "0.1.0"
__all__ = ["StudyTables", "load_study"]


def __getattr__(name: str) -> Any:
    """Imports what needs pandas when it is first asked for: plugin discovery imports this too."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dropout_study.results import study

    return getattr(study, name)
