"""A storage that shows a sampler or a pruner other trials than are stored."""

from typing import Any

from optuna.storages import BaseStorage


class StorageView:
    """Passes everything on to a storage; a subclass replaces what it shows differently.

    Args:
        storage: the storage.
    """

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)
