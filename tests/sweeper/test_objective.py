import pytest
from omegaconf import OmegaConf

from dropout_study.sweeper.planning.objective import (
    Offer,
    check_objectives,
    configured_objectives,
    first_objective,
)
from dropout_study.task.objectives import offered_objectives, trial_objective
from dropout_study.trial import Objective

OFFERS = {
    "val_loss": Offer(direction="minimize"),
    "test_loss": Offer(refusal="nothing is chosen on the test set"),
    "size": Offer(per_epoch=False),
}


@pytest.mark.parametrize(
    ("objective", "direction", "pruned", "says"),
    [
        ("val_los", "minimize", False, "no number of this task; did you mean `val_loss`?"),
        ("test_loss", "minimize", False, "refused: nothing is chosen on the test set"),
        ("val_loss", "maximize", False, "would search for the worst `val_loss`"),
        ("size", "minimize", True, "use hydra/sweeper/pruner=none"),
    ],
)
def test_what_cannot_be_optimised_is_refused_in_one_line(told, objective, direction, pruned, says):
    assert says in told(check_objectives, {objective: direction}, OFFERS, pruned=pruned)


def test_what_can_be_optimised_is_not():
    check_objectives({"val_loss": "minimize"}, OFFERS, pruned=True)
    check_objectives({"size": "maximize", "val_loss": "minimize"}, OFFERS, pruned=False)


def test_this_projects_task_offers_its_metrics(compose_config):
    word = "+trainer.metrics.again._target_=dropout_study.training.metrics.Accuracy"
    offers = offered_objectives(compose_config(word))
    assert offers["val_loss"] == Offer(direction="minimize")
    assert offers["val_again"] == Offer(direction="maximize")
    refused = {name for name, offer in offers.items() if offer.refusal}
    assert refused == {"test_loss", "test_accuracy", "test_again"}
    assert not offers["seconds"].per_epoch


def sweeper(**settings: object):
    return OmegaConf.create({"hydra": {"sweeper": settings}})


def test_the_objective_is_read_from_the_sweepers_configuration():
    both = sweeper(objective=["val_loss", "seconds"], direction=["minimize", "minimize"])
    assert configured_objectives(both) == ("val_loss", "seconds")
    assert first_objective(both) == Objective("val_loss", minimize=True)
    assert trial_objective(both) == Objective("val_loss", minimize=True)


def test_a_sweeper_without_an_objective_leaves_validation_accuracy():
    assert first_objective(sweeper()) is None
    assert trial_objective(sweeper()) == Objective("val_accuracy", minimize=False)
    assert trial_objective(sweeper(objective="value", direction="maximize")) == Objective()
