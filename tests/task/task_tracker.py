"""A tracker of a user's own that leaves a file when it is closed."""

from pathlib import Path
from typing import Any


class Closed:
    def __init__(self, job_dir: str) -> None:
        self._path = Path(job_dir) / "closed"
        self._epochs = 0

    def __call__(self, metrics: dict[str, Any]) -> bool:
        self._epochs += 1
        return True

    def close(self) -> None:
        self._path.write_text(f"{self._epochs} epochs")
