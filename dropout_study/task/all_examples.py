"""A trial trained on the validation examples too, as a confirmation trains it."""

import logging
from dataclasses import replace
from functools import lru_cache

from dropout_study.data import Splits
from dropout_study.task.first_logits import check_first_logits
from dropout_study.task.task import TrialSetup

log = logging.getLogger(__name__)


def on_all_examples(setup: TrialSetup) -> TrialSetup:
    """Returns the setup with the validation examples among the training examples.

    The choice has been made; what is reported is what the whole training set gives.

    Raises:
        UserError: the network cannot be trained on that many examples.
    """
    splits = _merged(setup.splits)
    check_first_logits(setup.model, splits, setup.settings.batch_size)  # another last minibatch
    return replace(setup, splits=splits, checkpoint="none")


@lru_cache(maxsize=1)  # the runs of a confirmation share their data
def _merged(splits: Splits) -> Splits:
    merged = splits.merged()
    if splits.val is not None:
        log.info(
            "training on %d examples: %d of the training split and %d of validation",
            *(len(merged.train), len(splits.train), len(splits.val)),
        )
    return merged
