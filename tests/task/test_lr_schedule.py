import pytest
from omegaconf import DictConfig
from trials import prepare_trial, train_trial

WORDS = ("data=synthetic", "model.hidden1=16", "model.hidden2=16", "trainer.device=cpu")


def rates(config: DictConfig, root) -> list[float]:
    train_trial(config, root)
    head, *rows = (root / "history.csv").read_text().splitlines()
    place = head.split(",").index("lr")
    return [float(row.split(",")[place]) for row in rows]


def test_where_a_schedule_needs_the_epochs_null_means_the_trials(compose_config, tmp_path):
    words = (*WORDS, "lr_schedule=cosine", "optimizer.lr=0.1")
    assert rates(compose_config(*words, "trainer.epochs=2"), tmp_path) == [0.1, 0.05]
    longer = rates(compose_config(*words, "trainer.epochs=3"), tmp_path)
    assert longer == pytest.approx([0.1, 0.075, 0.025])
    given = rates(compose_config(*words, "trainer.epochs=2", "lr_schedule.T_max=3"), tmp_path)
    assert given == pytest.approx([0.1, 0.075])


def test_any_scheduler_of_torch_will_do(compose_config, tmp_path):
    words = (
        *("lr_schedule=custom", "lr_schedule._target_=torch.optim.lr_scheduler.PolynomialLR"),
        *("+lr_schedule.total_iters=null", "trainer.epochs=2", "optimizer.lr=0.1"),
    )
    assert rates(compose_config(*WORDS, *words), tmp_path) == pytest.approx([0.1, 0.05])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lr_schedule=step", "lr_schedule.step_size=0"], "`lr_schedule.step_size` must be"),
        (["lr_schedule=cosine", "lr_schedule.T_max=many"], "`lr_schedule.T_max` must be"),
        (
            [
                "lr_schedule=custom",
                "lr_schedule._target_=torch.optim.lr_scheduler.StepLR",
                "+lr_schedule.step=2",
            ],
            "`lr_schedule` cannot be built",
        ),
        (
            [
                "lr_schedule=custom",
                "lr_schedule._target_=torch.optim.lr_scheduler.ReduceLROnPlateau",
            ],
            "`lr_schedule._target_` must return a scheduler",
        ),
    ],
)
def test_what_is_no_schedule_is_refused_before_training(compose_config, told, words, says):
    assert told(prepare_trial, compose_config(*WORDS, *words)).startswith(says)
