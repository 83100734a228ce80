"""What do dropout rates, learning rate and epochs do to a network's test accuracy?

The commands as functions, for notebooks and scripts::

    import dropout_study as ds

    run = ds.train(["data=fashion_mnist_mini", "trainer.epochs=5"])
    study = ds.sweep(["experiment=quickstart"])
    study.table(10)
    ds.confirm(study, top=1, seeds=5)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_study.comparison.compare import compare
    from dropout_study.comparison.result import StudyComparison
    from dropout_study.errors import TrialPruned, UserError
    from dropout_study.notebook.confirming import Confirmation, confirm
    from dropout_study.notebook.runs import Run, load_run, load_runs
    from dropout_study.notebook.studies import Study, load_study
    from dropout_study.notebook.sweeping import sweep
    from dropout_study.notebook.training import train
    from dropout_study.results.study import StudyTables
    from dropout_study.sweeper.current import current_trial

__version__ = "0.1.0"
__all__ = [
    "Confirmation",
    "Run",
    "Study",
    "StudyComparison",
    "StudyTables",
    "TrialPruned",
    "UserError",
    "compare",
    "confirm",
    "current_trial",
    "load_run",
    "load_runs",
    "load_study",
    "sweep",
    "train",
]

_PLACES = {
    "Confirmation": "notebook.confirming",
    "Run": "notebook.runs",
    "Study": "notebook.studies",
    "StudyComparison": "comparison.result",
    "StudyTables": "results.study",
    "TrialPruned": "errors",
    "UserError": "errors",
    "compare": "comparison.compare",
    "confirm": "notebook.confirming",
    "current_trial": "sweeper.current",
    "load_run": "notebook.runs",
    "load_runs": "notebook.runs",
    "load_study": "notebook.studies",
    "sweep": "notebook.sweeping",
    "train": "notebook.training",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is used: Hydra's plugin discovery imports this package too."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"dropout_study.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    """Returns the public names, which a notebook completes."""
    return [*__all__, "__version__"]
