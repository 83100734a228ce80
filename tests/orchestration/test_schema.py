import pytest
from omegaconf import OmegaConf

from dropout_study.orchestration.schema import check_config


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["experiment=article"],
        ["experiment=quickstart"],
        ["model.dropout1=0", "model.dropout2=0.999", "model.init_std=null"],
        ["data.val_size=0", "data.train_size=1", "trainer.seed=-1", "optimizer.lr=1e-9"],
        ["model=mlp_deep", "model.widths=[]"],
        ["trainer.batch_size=1000000"],
        ["model=custom", "model._target_=my.Net", "+model.dropout1=7"],
        ["optimizer=custom", "optimizer._target_=my.Optimizer", "+optimizer.lr=-1"],
    ],
)
def test_what_can_be_used_passes(compose_config, overrides):
    check_config(compose_config(*overrides))


RATE = "must be in [0, 1), got {}; use 0.0 to disable dropout"
WRONG = "has the wrong type"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("model.dropout1=1.5", RATE.format("1.5")),
        ("model.dropout2=1", RATE.format("1.0")),
        ("model.input_dropout=-0.1", RATE.format("-0.1")),
        ("model.dropout1=nan", RATE.format("nan")),
        ("model.dropout1=much", WRONG),
        ("model.dropout1=null", WRONG),
        ("model.dropout1=[0.5]", WRONG),
        ("model.hidden1=0", "must be a finite number >= 1, got 0"),
        ("model.hidden1=2.5", WRONG),
        ("model.init_std=-1", "must be a finite number >= 0, got -1.0"),
        ("optimizer.lr=0", "must be a finite number > 0, got 0.0"),
        ("optimizer.lr=-0.5", "must be a finite number > 0, got -0.5"),
        ("optimizer.lr=inf", "must be a finite number > 0, got inf"),
        ("optimizer.lr=fast", WRONG),
        ("optimizer.momentum=1", "must be in [0, 1), got 1.0"),
        ("optimizer.weight_decay=-1e-9", "must be a finite number >= 0, got -1e-09"),
        ("optimizer.nesterov=maybe", WRONG),
        ("trainer.epochs=0", "must be a finite number >= 1, got 0"),
        ("trainer.epochs=2.5", WRONG),
        ("trainer.epochs=ten", WRONG),
        ("trainer.batch_size=0", "must be a finite number >= 1, got 0"),
        ("trainer.precision=float16", "must be one of float32, bfloat16, got 'float16'"),
        ("trainer.seed=null", WRONG),
        ("data.val_size=-1", "must be a finite number >= 0, got -1"),
        ("data.train_size=0", "must be a finite number >= 1, got 0"),
        ("search_space.n_trials=0", "must be a finite number >= 1, got 0"),
    ],
)
def test_what_cannot_be_used_names_key_rule_and_value(compose_config, told, override, says):
    message = told(check_config, compose_config(override))
    assert message.startswith(f"`{override.split('=')[0]}` {says}")


@pytest.mark.parametrize(
    ("group", "override", "says"),
    [
        ("model=mlp_deep", "model.widths=[8,0]", "must be a finite number >= 1, got 0"),
        ("model=mlp_deep", "model.widths=8", WRONG),
        ("model=mlp_deep", "model.dropout=1", RATE.format("1.0")),
        ("model=lenet", "model.dropout1=2", RATE.format("2.0")),
        ("model=linear", "model.init_std=-1", "must be a finite number >= 0"),
        ("optimizer=adam", "optimizer.betas=[0.9]", "must be two numbers in [0, 1), got [0.9]"),
        ("optimizer=adamw", "optimizer.betas=[0.9,1]", "must be in [0, 1), got 1.0"),
        ("optimizer=adam", "optimizer.eps=0", "must be a finite number > 0, got 0.0"),
        ("optimizer=rmsprop", "optimizer.alpha=1", "must be in [0, 1), got 1.0"),
        ("data=synthetic", "data.n_train=0", "must be a finite number >= 1, got 0"),
        ("data=synthetic", "data.shape=[1,0,8]", "must be a finite number >= 1, got 0"),
    ],
)
def test_so_do_the_other_options_of_a_group(compose_config, told, group, override, says):
    message = told(check_config, compose_config(group, override))
    assert message.startswith(f"`{override.split('=')[0]}` {says}")


def test_a_schema_goes_with_its_target_whatever_the_options_name(told):
    config = OmegaConf.create({"net": {"_target_": "dropout_study.models.LeNet", "dropout1": 3}})
    assert told(check_config, config).startswith("`net.dropout1` must be in [0, 1)")
