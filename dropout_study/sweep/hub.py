"""Samplers and pruners of OptunaHub, for ``_target_``."""

from typing import Any

from dropout_study.errors import UserError


def from_hub(package: str, name: str, ref: str = "main", **arguments: Any) -> Any:
    """Returns an object of a class that OptunaHub's registry holds.

    On the command line::

        hydra/sweeper/sampler=custom
        hydra.sweeper.sampler._target_=dropout_study.sweep.hub.from_hub
        +hydra.sweeper.sampler.package=samplers/auto_sampler
        +hydra.sweeper.sampler.name=AutoSampler
        +hydra.sweeper.sampler.seed=0

    Args:
        package: where it stands in the registry; it is downloaded once and then kept.
        name: the class.
        ref: branch, tag or commit of the registry; a commit makes a sweep repeatable.
        **arguments: what the class takes.

    Raises:
        UserError: ``optunahub`` is not installed, or the package has no such class.
    """
    try:
        import optunahub
    except ModuleNotFoundError as error:
        raise UserError(
            f"`{package}` of OptunaHub needs a package that is not installed ({error.name}); "
            "run 'pip install optunahub'"
        ) from error
    module = optunahub.load_module(package, ref=ref)
    if not hasattr(module, name):
        raise UserError(f"`{package}` of OptunaHub has no class `{name}`")
    return getattr(module, name)(**arguments)
