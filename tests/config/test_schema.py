import pytest
from omegaconf import OmegaConf

from dropout_study.config.check import check_config


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["experiment=book"],
        ["experiment=quickstart"],
        ["model.dropout1=0", "model.dropout2=0.999", "model.init_std=null"],
        ["data.val_size=0", "data.train_size=1", "trainer.seed=-1", "optimizer.lr=1e-9"],
        ["model=mlp_deep", "model.widths=[]"],
        ["model=mlp_deep", "model.dropout=[0.1,0.2,0.3]"],
        ["model=mlp_deep", "model.dropout=0.3", "model.profile=first_third"],
        ["~model.dropout1"],
        ["+optimizer.dampening=0.1"],
        ["trainer.batch_size=1000000"],
        ["model=custom", "model._target_=my.Net", "+model.dropout1=7"],
        ["optimizer=custom", "optimizer._target_=my.Optimizer", "+optimizer.lr=-1"],
    ],
)
def test_what_can_be_used_passes(compose_config, overrides):
    check_config(compose_config(*overrides))


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ("early schedule.off_after=4", "`schedule.off_after` must be <= trainer.epochs=3, got 4"),
        ("late schedule.on_after=3", "`schedule.on_after` must be < trainer.epochs=3, got 3"),
        ("annealed schedule.off_after=4", "must be <= trainer.epochs=3, got 4"),
        ("cyclic", "`schedule.period` must be <= trainer.epochs=3, got 4"),
        ("early schedule.off_after=0", "must be a finite number >= 1, got 0"),
        ("curriculum schedule.gamma=0", "must be a finite number > 0, got 0.0"),
        ("early schedule.off=1", "`schedule.off` is no key of dropout_study.noise.EarlySchedule"),
    ],
)
def test_a_schedule_fits_into_the_training(compose_config, told, overrides, says):
    given = f"schedule={overrides}".replace("schedule.off=", "+schedule.off=").split()
    assert says in told(check_config, compose_config("trainer.epochs=3", *given))


def test_a_profile_suits_the_network(compose_config, told):
    config = compose_config("model=mlp_deep", "model.profile=first_third")
    says = "`model.dropout` must be < 0.3333 with profile first_third and 3 hidden layers, got 0.5"
    assert told(check_config, config).startswith(says)


RATE = "must be in [0, 1), got {}; use 0.0 to disable dropout"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("model.dropout1=1.5", RATE.format("1.5")),
        ("model.dropout2=1", RATE.format("1.0")),
        ("model.input_dropout=-0.1", RATE.format("-0.1")),
        ("model.dropout1=nan", RATE.format("nan")),
        ("model.dropout1=much", "must be a number, got 'much'"),
        ("model.dropout1=null", "must be a number, got None"),
        ("model.dropout1=[0.5]", "must be a number, got [0.5]"),
        ("model.hidden1=0", "must be a finite number >= 1, got 0"),
        ("model.hidden1=2.5", "must be a whole number, got 2.5"),
        ("model.init_std=-1", "must be a finite number >= 0, got -1.0"),
        ("optimizer.lr=0", "must be a finite number > 0, got 0.0"),
        ("optimizer.lr=-0.5", "must be a finite number > 0, got -0.5"),
        ("optimizer.lr=inf", "must be a finite number > 0, got inf"),
        ("optimizer.lr=fast", "must be a number, got 'fast'"),
        ("optimizer.momentum=1", "must be in [0, 1), got 1.0"),
        ("optimizer.weight_decay=-1e-9", "must be a finite number >= 0, got -1e-09"),
        ("optimizer.nesterov=maybe", "must be true or false, got 'maybe'"),
        ("trainer.epochs=0", "must be a finite number >= 1, got 0"),
        ("trainer.epochs=2.5", "must be a whole number, got 2.5"),
        ("trainer.epochs=ten", "must be a whole number, got 'ten'"),
        ("trainer.batch_size=0", "must be a finite number >= 1, got 0"),
        ("trainer.precision=float16", "must be one of float32, tf32, bfloat16, got 'float16'"),
        ("trainer.seed=null", "must be a whole number, got None"),
        ("data.val_size=-1", "must be a finite number >= 0, got -1"),
        ("data.train_size=0", "must be a finite number >= 1, got 0"),
        ("search_space.n_trials=0", "must be a finite number >= 1, got 0"),
        ("report.language=fr", "must be one of en, zh, got 'fr'"),
    ],
)
def test_what_cannot_be_used_names_key_rule_and_value(compose_config, told, override, says):
    message = told(check_config, compose_config(override))
    assert message.startswith(f"`{override.split('=')[0]}` {says}")


@pytest.mark.parametrize(
    ("group", "override", "says"),
    [
        ("model=mlp_deep", "model.widths=[8,0]", "must be a finite number >= 1, got 0"),
        ("model=mlp_deep", "model.widths=8", "must be a list of whole numbers, got 8"),
        ("model=mlp_deep", "model.dropout=1", RATE.format("1")),
        ("model=mlp_deep", "model.dropout=[0.1,0.2,1.5]", RATE.format("1.5")),
        ("model=mlp_deep", "model.dropout=much", "must be a number or a list of numbers"),
        ("model=mlp_deep", "model.dropout=[0.1,0.2]", "must be one rate or a list of 3"),
        ("model=mlp_deep", "model.profile=middle", "must be one of constant"),
        ("model=lenet", "model.dropout1=2", RATE.format("2.0")),
        ("model=linear", "model.init_std=-1", "must be a finite number >= 0"),
        ("optimizer=adam", "optimizer.betas=[0.9]", "must be two numbers in [0, 1), got [0.9]"),
        ("optimizer=adamw", "optimizer.betas=[0.9,1]", "must be in [0, 1), got 1.0"),
        ("optimizer=adam", "optimizer.eps=0", "must be a finite number > 0, got 0.0"),
        ("optimizer=rmsprop", "optimizer.alpha=1", "must be in [0, 1), got 1.0"),
        ("data=synthetic", "data.n_train=0", "must be a finite number >= 1, got 0"),
        ("data=synthetic", "data.contrast=2", "must be in [0, 1], got 2.0"),
        ("data=synthetic", "data.shape=[1,2]", "must be three numbers, [C, H, W], got [1, 2]"),
        ("data=synthetic", "data.shape=[1,0,8]", "must be a finite number >= 1, got 0"),
    ],
)
def test_so_do_the_other_options_of_a_group(compose_config, told, group, override, says):
    message = told(check_config, compose_config(group, override))
    assert message.startswith(f"`{override.split('=')[0]}` {says}")


def test_a_schema_goes_with_its_target_whatever_the_options_name(compose_config, told):
    target = "+net={_target_: dropout_study.models.LeNet, dropout1: 3}"
    assert told(check_config, compose_config(target)).startswith("`net.dropout1` must be in [0, 1)")


@pytest.mark.parametrize("override", ["trainer.epochs=???", "model.hidden1=${nope}"])
def test_missing_and_dangling_values_are_named(compose_config, told, override):
    key = override.split("=")[0]
    assert told(check_config, compose_config(override)).startswith(f"`{key}`")


def test_a_class_of_ones_own_must_be_named(compose_config, told):
    assert told(check_config, compose_config("model=custom")).startswith("`model._target_`")


@pytest.mark.parametrize("group", ["model", "data", "optimizer", "trainer"])
def test_nothing_can_be_trained_without_a_group(compose_config, told, group):
    assert told(check_config, compose_config(f"~{group}")).startswith(f"`{group}` is not chosen")


@pytest.mark.parametrize(
    ("override", "nearest"),
    [("+model.dropout3=0.1", "dropout"), ("+trainer.epoch=1", "epochs")],
)
def test_an_argument_that_our_class_does_not_know_is_named(compose_config, told, override, nearest):
    message = told(check_config, compose_config(override))
    assert message.startswith(f"`{override[1:].split('=')[0]}` is no key of")
    assert f"did you mean `{nearest}" in message


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("model.dropout1='0.3'", 0.3),
        ("trainer.epochs='7'", 7),
        ("optimizer.nesterov='false'", False),
        ("model.dropout1=${oc.env:RATE}", 0.4),
    ],
)
def test_a_number_given_as_text_becomes_one(compose_config, monkeypatch, override, value):
    monkeypatch.setenv("RATE", "0.4")
    config = compose_config(override)
    check_config(config)
    given = OmegaConf.select(config, override.split("=")[0])
    assert (given, type(given)) == (value, type(value))
