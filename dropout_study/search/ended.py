"""The trials of a study that have ended, each once."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial


class EndedOnce:
    """Returns each trial of a study once, as soon as it has ended. Ended trials never change."""

    def __init__(self) -> None:
        self._known = 0
        self._open: list[int] = []

    def take(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Returns those that have ended since the last call, by number.

        Args:
            trials: all trials of the study, by number.
        """
        looked_at = [trials[n] for n in (*self._open, *range(self._known, len(trials)))]
        self._known = len(trials)
        self._open = [trial.number for trial in looked_at if not trial.state.is_finished()]
        return [trial for trial in looked_at if trial.state.is_finished()]

    def open(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Returns those of the last call's ``trials`` that had not ended."""
        return [trials[number] for number in self._open]
