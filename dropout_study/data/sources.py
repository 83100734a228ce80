"""Where a data set's files come from: a directory, the cache, a system package or a download."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from dropout_study.data.cache import cached_file, read_cache, write_cache
from dropout_study.data.idx import IDX_FILES, find_idx_files, read_idx_files
from dropout_study.errors import UserError
from dropout_study.paths import cache_dir

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IdxSource:
    """A data set of four IDX files and the places where it can be found.

    Attributes:
        name: the name of its config and of its file in the cache.
        torchvision_class: the class of ``torchvision.datasets`` that downloads it.
        md5: checksums of the uncompressed files, if they are known.
        system_dir: the directory of the distribution's package with the files.
        system_package: the name of that package.
    """

    name: str
    torchvision_class: str
    md5: Mapping[str, str]
    system_dir: Path | None = None
    system_package: str | None = None

    def load(self, root: str | None) -> dict[str, Tensor]:
        """Returns the four uint8 tensors and logs where they were found.

        If ``root`` is given, only that directory is searched. Otherwise the order is: the cache,
        the system's package, torchvision's download. The last two are written to the cache.

        Raises:
            UserError: a file is damaged, or the data cannot be found.
        """
        if root is not None:
            return self._from_root(Path(root).expanduser())
        return read_cache(self.name, self.md5) or self._from_system() or self._from_download()

    def _from_root(self, root: Path) -> dict[str, Tensor]:
        for directory in (root, root / self.torchvision_class / "raw"):
            files = find_idx_files(directory)
            if files:
                log.info("%s: found in %s", self.name, directory)
                return read_idx_files(files, self.md5)
        raise UserError(
            f"`data.root` must be a directory with {', '.join(IDX_FILES)} (plain or .gz), "
            f"got {str(root)!r}; {self._ways_out()}"
        )

    def _from_system(self) -> dict[str, Tensor] | None:
        files = find_idx_files(self.system_dir) if self.system_dir else None
        if not files:
            return None
        log.info("%s: found in %s", self.name, self.system_dir)
        return write_cache(self.name, read_idx_files(files, self.md5))

    def _from_download(self) -> dict[str, Tensor]:
        log.info("%s: downloading with torchvision into %s", self.name, cache_dir())
        try:
            from torchvision import datasets  # slow to import: only for a first download

            getattr(datasets, self.torchvision_class)(cache_dir(), download=True)
            files = find_idx_files(cache_dir() / self.torchvision_class / "raw") or {}
        except Exception as error:
            tried = [f"not in the cache ({cached_file(self.name)})"]
            tried += [f"not in {self.system_dir}"] if self.system_dir else []
            raise UserError(
                f"{self.name} cannot be found: {', '.join(tried)}, "
                f"and the download failed ({one_line(error)}); {self._ways_out()}"
            ) from error
        return write_cache(self.name, read_idx_files(files, self.md5))

    def _ways_out(self) -> str:
        ways = ["`data.root=DIR` with the four files", "`data=fashion_mnist_mini` (no download)"]
        if self.system_package:
            ways.insert(1, f"`apt-get install {self.system_package}`")
        return f"use one of {len(ways)} ways: {', '.join(ways)}"


def one_line(error: Exception) -> str:
    """Returns the error's message as one line, or its type's name."""
    return " ".join(str(error).split()) or type(error).__name__
