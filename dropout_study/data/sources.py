"""Where a data set's files are: a given directory, the cache, the system's packages, a download."""

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
    """A data set of four IDX files and where it can come from.

    Attributes:
        name: its config's name and its file's in the cache.
        torchvision_class: the class of ``torchvision.datasets`` that downloads it.
        md5: checksums of the uncompressed files, where they are known.
        system_dir: where the distribution's package puts the files.
        system_package: that package.
    """

    name: str
    torchvision_class: str
    md5: Mapping[str, str]
    system_dir: Path | None = None
    system_package: str | None = None

    def load(self, root: str | None) -> dict[str, Tensor]:
        """Returns the four uint8 tensors; the log says where they were found.

        A given ``root`` is the only place looked at. Otherwise: the cache, the system's package,
        torchvision's download into the cache. What was read from files is kept in the cache.

        Raises:
            UserError: a file is damaged, or the data is nowhere to be had.
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
                f"{self.name} is nowhere to be had: {', '.join(tried)}, "
                f"and the download failed ({one_line(error)}); {self._ways_out()}"
            ) from error
        return write_cache(self.name, read_idx_files(files, self.md5))

    def _ways_out(self) -> str:
        ways = ["`data.root=DIR` with the four files", "`data=fashion_mnist_mini` (no download)"]
        if self.system_package:
            ways.insert(1, f"`apt-get install {self.system_package}`")
        return f"{len(ways)} ways out: {', '.join(ways)}"


def one_line(error: Exception) -> str:
    """Returns the error's message as one line, or its type's name."""
    return " ".join(str(error).split()) or type(error).__name__
