"""The cost of a study in epochs and seconds, and the share that pruning saved."""

from dataclasses import dataclass

import pandas as pd

from dropout_study.report.view import StudyView
from dropout_study.trial import TrialState

EPOCHS = "trainer.epochs"


@dataclass(frozen=True)
class Account:
    """Counts and sums over the trials of a study.

    Attributes:
        states: number of trials for each state that there is.
        epochs: epochs trained, those of running and failed trials included.
        seconds: sum of the trials' wall times; each of several parallel trials counts in full.
        saved_epochs: planned epochs that pruned trials did not train; None if not known.
        saved_seconds: estimate for these epochs, from each pruned trial's own seconds per epoch.
    """

    states: dict[str, int]
    epochs: int
    seconds: float
    saved_epochs: int | None
    saved_seconds: float | None

    @property
    def saved_share(self) -> float | None:
        """Share of the planned epochs of trained trials that pruning saved."""
        if self.saved_epochs is None or not self.epochs + self.saved_epochs:
            return None
        return self.saved_epochs / (self.epochs + self.saved_epochs)


def account(view: StudyView) -> Account:
    """Returns the account of a study, from the histories or, if they are lost, from the table."""
    runs = [name for name in ("trial", "replicate") if name in view.tables.histories]
    by_run = view.tables.histories.groupby(runs, dropna=False)
    trained = by_run.agg({"epoch": "max", "seconds": "sum"}).groupby("trial").sum()
    frame = view.trials.set_index(view.trials["trial"].astype(int))
    frame = frame.assign(
        epochs=trained["epoch"]
        .reindex(frame.index)
        .fillna(frame["epochs_run"].astype(float))
        .fillna(0),
        spent=trained["seconds"].reindex(frame.index).fillna(frame["seconds"]).fillna(0),
    )
    counts = view.trials["state"].value_counts()
    saved_epochs, saved_seconds = _saved(view, frame)
    return Account(
        states={state: int(counts[state]) for state in TrialState if state in counts},
        epochs=int(frame["epochs"].sum()),
        seconds=float(frame["spent"].sum()),
        saved_epochs=saved_epochs,
        saved_seconds=saved_seconds,
    )


def _saved(view: StudyView, frame: pd.DataFrame) -> tuple[int | None, float | None]:
    pruned = frame[frame["state"] == TrialState.PRUNED]
    if pruned.empty:
        return 0, 0.0
    planned = planned_epochs(view).loc[pruned["trial"].astype(int)]
    if planned.isna().any():
        return None, None
    saved = (planned - pruned["epochs"]).clip(lower=0)
    rate = (pruned["spent"] / pruned["epochs"]).fillna(0)
    return int(saved.sum()), float((saved * rate).sum())


def planned_epochs(view: StudyView) -> "pd.Series[float]":
    """Returns the planned epochs of each trial, by number; nan if they are not known."""
    trainer = view.tables.config.get("trainer")
    fixed = trainer.get("epochs") if isinstance(trainer, dict) else None
    given = view.trials[EPOCHS] if EPOCHS in view.trials else pd.Series(index=view.trials.index)
    numbers = pd.to_numeric(given, errors="coerce").astype(float)
    planned = numbers.fillna(fixed) if isinstance(fixed, int) else numbers
    return planned.set_axis(view.trials["trial"].astype(int))
