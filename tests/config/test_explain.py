import pytest
from hydra.errors import HydraException, InstantiationException

from dropout_study.config.explain import explain, while_composing
from dropout_study.config.instantiate import instantiate
from dropout_study.errors import UserError
from dropout_study.sweeper.outcome import describe_error


def explained(compose_config, *overrides: str) -> str:
    with pytest.raises(HydraException) as caught:
        compose_config(*overrides)
    text = explain(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("override", "nearest"),
    [
        ("model.dropuot1=0.3", "model.dropout1"),
        ("trainer.epoch=3", "trainer.epochs"),
        ("modle=mlp", "model"),
        ("dropout1=0.3", "model.dropout1"),
        ("model.lr=1", "optimizer.lr"),
        ("hydra.job.nam=x", "hydra.job.name"),
    ],
)
def test_an_unknown_key_names_the_nearest(compose_config, override, nearest):
    key = override.split("=")[0]
    assert explained(compose_config, override) == (
        f"`{key}` is no key of the configuration; did you mean `{nearest}`? (`+{key}=...` adds a "
        "new key)"
    )


def test_an_unknown_option_names_the_nearest_or_all(compose_config):
    assert explained(compose_config, "data=fashion_mnst") == (
        "`data=fashion_mnst` is no option of data; did you mean `fashion_mnist`?"
    )
    assert explained(compose_config, "optimizer=zzz").endswith(
        "there is: adam, adamw, custom, rmsprop, sgd"
    )


@pytest.mark.parametrize("override", ["model=null", "trainer=5"])
def test_an_option_that_is_no_name_is_hydras_mistake_in_one_line(compose_config, override):
    with pytest.raises(ValueError, match="group override") as caught:
        compose_config(override)
    assert while_composing(caught.value)
    assert "as in model=mlp" in explain(caught.value)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("my_own_data.blobs", "No module named 'my_own_data'"),
        ("torch.nn.Lineer", "No module named 'torch.nn.Lineer'"),
    ],
)
def test_a_target_that_cannot_be_imported_is_one_line_with_the_way_out(target, reason):
    with pytest.raises(InstantiationException) as caught:
        instantiate({"_target_": target})

    line = explain(caught.value)

    assert line.startswith(f"`_target_: {target}` cannot be imported: {reason}; ")
    assert "PYTHONPATH=. dropout-study" in line
    assert describe_error(caught.value) == line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("as it is"), "as it is"),
        (ValueError("two\n  lines"), "two lines"),
        (ValueError(), "ValueError"),
    ],
)
def test_other_errors_are_one_line(error, line):
    assert explain(error) == line


def test_an_unwritable_directory_is_named_with_the_ways_out():
    line = explain(PermissionError(13, "Permission denied", "/outputs/x"))
    assert line.startswith("/outputs/x: Permission denied; ")
    assert "hydra.run.dir=DIR" in line
    assert "hydra.sweep.dir=DIR" in line


def test_a_grammar_error_names_the_override(compose_config):
    assert explained(compose_config, "model.dropout1=[").startswith("`model.dropout1=[` ")
