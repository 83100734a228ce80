"""When a trial that is shorter is the beginning of one that is longer, and what it leaves it."""

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from omegaconf import DictConfig

from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths


def depends_on_epochs(config: DictConfig) -> bool:
    """Returns whether a schedule in a configuration depends on the number of epochs.

    One of the learning rate does if one of its arguments is null; one of the noise layers' rates
    does. (A model of the user's own may, too: the file of its state then says so, see ``resume``.)
    """
    schedule = config.get("lr_schedule") or {}
    return any(value is None for value in schedule.values()) or bool(config.get("schedule"))


class SharedEpochs:
    """The epochs of this project's trials, by the files from which they continue."""

    def shares(self, config: DictConfig) -> bool:
        """Returns whether no schedule depends on their number, and states are kept at all."""
        return not depends_on_epochs(config) and config.trainer.get("resume", "off") != "off"

    def keeps(self, config: DictConfig) -> Sequence[str]:
        """Returns the override with which a trial keeps its state after its end."""
        return [] if config.trainer.resume == "keep" else ["trainer.resume=keep"]

    def take_over(self, source: Path, own: Path) -> bool:
        """Copies the state of another trial, and its best weights; False if it has kept none."""
        theirs, mine = JobPaths(source), JobPaths(own)
        if not theirs.resume.is_file() or mine.resume.is_file():
            return False
        for from_, to in ((theirs.checkpoint, mine.checkpoint), (theirs.resume, mine.resume)):
            if from_.is_file():
                with atomic_write(to, durable=False) as temporary:
                    copyfile(from_, temporary)
        return True

    def forget(self, job_dir: Path) -> None:
        """Removes the state of a trial."""
        JobPaths(job_dir).resume.unlink(missing_ok=True)
