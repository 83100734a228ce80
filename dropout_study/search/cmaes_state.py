"""CMA-ES keeps its state in the storage, pickled: only what such a state consists of is read back.

To unpickle is to call what the bytes name, and a storage may come from somebody else.
"""

import io
import pickle
from typing import Any

import cmaes
from optuna.samplers import CmaEsSampler
from optuna.trial import FrozenTrial

from dropout_study.errors import UserError

KINDS = {kind.__name__: kind for kind in (cmaes.CMA, cmaes.SepCMA, cmaes.CMAwM)}
ARRAYS = {
    "numpy": ("dtype", "ndarray"),
    "numpy.core.multiarray": ("_reconstruct", "scalar"),
    "numpy._core.multiarray": ("_reconstruct", "scalar"),
    "numpy.random._pickle": ("__bit_generator_ctor", "__randomstate_ctor"),
    "numpy.random._mt19937": ("MT19937",),
    "_codecs": ("encode",),
}
"""What arrays and numpy's random state are made of."""


class _StateReader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Returns what a pickle names, if a state consists of such."""
        if module.partition(".")[0] == "cmaes" and name in KINDS:
            return KINDS[name]
        if name in ARRAYS.get(module, ()):
            return super().find_class(module, name)
        raise UserError(
            f"the study's storage names {module}.{name} as a part of CMA-ES' state, which it is "
            "not; use another sampler, or begin a new study"
        )


def read_only_states(sampler: CmaEsSampler) -> None:
    """Lets a sampler read nothing but a state of CMA-ES from the storage."""
    attrs = sampler._attr_key_optimizer

    def restore(completed_trials: list[FrozenTrial]) -> Any:
        for trial in reversed(completed_trials):
            parts = {k: v for k, v in trial.system_attrs.items() if k.startswith(attrs)}
            if parts:
                text = sampler._concat_optimizer_attrs(parts)
                return _StateReader(io.BytesIO(bytes.fromhex(text))).load()
        return None

    sampler._restore_optimizer = restore  # type: ignore[method-assign]
