import math
from collections.abc import Callable, Iterator

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException
from omegaconf import OmegaConf
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from dropout_study.config.keys import dotted_keys, normal_key
from dropout_study.config.overrides import override_key, to_override
from dropout_study.paths import conf_dir
from dropout_study.sweep.plan import (
    SweepPlan,
    config_keys,
    job_overrides,
    plan_sweep,
    to_distribution,
)


def parsed(text: str):
    return OverridesParser.create().parse_override(text)


Plan = Callable[..., SweepPlan]

PARAMS = {
    "model.dropout1": "interval(0, 0.8)",
    "optimizer.lr": "tag(log, interval(0.01, 1))",
    "trainer.epochs": "int(interval(5, 20))",
}
SPACE = {
    "model.dropout1": FloatDistribution(0, 0.8),
    "optimizer.lr": FloatDistribution(0.01, 1, log=True),
    "trainer.epochs": IntDistribution(5, 20),
}


@pytest.fixture
def plan() -> Iterator[Plan]:
    """Plans a sweep of given params and a command line."""
    with initialize_config_dir(str(conf_dir().resolve()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        yield lambda params, *arguments: plan_sweep(params, arguments, loader)


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ("interval(0, 1)", FloatDistribution(0, 1)),
        ("tag(log, interval(0.01, 1))", FloatDistribution(0.01, 1, log=True)),
        ("int(interval(5, 20))", IntDistribution(5, 20)),
        ("tag(log, int(interval(1, 100)))", IntDistribution(1, 100, log=True)),
        ("int(tag(log, interval(1, 100)))", IntDistribution(1, 100, log=True)),
        ("range(5)", IntDistribution(0, 4)),
        ("range(2, 11, 4)", IntDistribution(2, 10, step=4)),
        ("range(0, 1, 0.25)", FloatDistribution(0, 0.75, step=0.25)),
        ("float(range(0, 3))", FloatDistribution(0, 2, step=1)),
        ("choice(0.1, 0.5)", CategoricalDistribution([0.1, 0.5])),
        ("choice(a, 'b c', true)", CategoricalDistribution(["a", "b c", True])),
        ("8,16,32", CategoricalDistribution([8, 16, 32])),
        ("choice([1, 2], [3])", CategoricalDistribution(["[1,2]", "[3]"])),
    ],
)
def test_hydras_sweeps_are_optunas_distributions(text, distribution):
    assert to_distribution(parsed(f"k={text}")) == distribution


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("interval(1, 0)", "must have its low at most its high"),
        ("int(interval(9, 3))", "must have its low at most its high"),
        ("tag(log, interval(0, 1))", "must have its low > 0 on a log scale"),
        ("range(3, 1)", "is empty"),
        ("range(0, 1, 0)", "is empty"),
    ],
)
def test_an_impossible_distribution_names_its_key(text, says, told):
    message = told(to_distribution, parsed(f"optimizer.lr={text}"))
    assert message.startswith("`optimizer.lr")
    assert says in message


class TestPlan:
    def test_without_arguments_all_params_are_searched(self, plan):
        assert plan(PARAMS) == SweepPlan(SPACE, [])

    def test_a_plain_value_pins_a_parameter(self, plan):
        planned = plan(PARAMS, "model.dropout1=0.3")
        assert planned.fixed == ["model.dropout1=0.3"]
        assert list(planned.space) == ["optimizer.lr", "trainer.epochs"]

    @pytest.mark.parametrize(
        ("text", "distribution"),
        [
            ("choice(0.1,0.2)", CategoricalDistribution([0.1, 0.2])),
            ("interval(0,0.1)", FloatDistribution(0, 0.1)),
        ],
    )
    def test_a_sweep_replaces_a_distribution_in_its_place(
        self, plan, text, distribution: BaseDistribution
    ):
        planned = plan(PARAMS, f"model.dropout1={text}")
        assert planned == SweepPlan({**SPACE, "model.dropout1": distribution}, [])
        assert list(planned.space) == list(SPACE)

    def test_a_sweep_of_another_key_is_added(self, plan):
        planned = plan(PARAMS, "trainer.batch_size=64,256", "+model.new=interval(0,1)")
        assert list(planned.space) == [*SPACE, "trainer.batch_size", "model.new"]

    def test_other_overrides_go_to_every_job(self, plan):
        given = ["trainer.seed=3", "optimizer=adam", "+optimizer.amsgrad=true", "~model.init_std"]
        assert plan(PARAMS, *given).fixed == given

    def test_a_plain_value_among_the_params_is_fixed(self, plan):
        params = {"trainer.seed": 3, "model.widths": [8, 4], "model.name": "a b"}
        assert plan(params).fixed == ["trainer.seed=3", "model.widths=[8,4]", "model.name=a b"]

    def test_a_glob_chooses_among_the_options_of_a_group(self, plan):
        planned = plan({}, "optimizer=glob(ad*)")
        assert planned.space == {"optimizer": CategoricalDistribution(["adam", "adamw"])}

    def test_what_is_no_override_is_hydras_error(self, plan):
        with pytest.raises(OverrideParseException):
            plan(PARAMS, "model.dropout1=choice(")


@pytest.mark.parametrize(
    "value",
    [
        *(0, -3, 0.1, 1e-05, 1e300, math.inf, True, False, None),
        *("relu", "a.b.C", "/tmp/x y", "a=b", "a,b", "[1]", "{a:1}", "(", "$x", "#", "é", ""),
        *("-1", ".5", "-.5", "-1e3"),
        *("0.5", "1e5", "true", "NULL", "nan", "-inf", "it's", '"', "\\", "a\\'", "a\nb", " a "),
        *([8, 4], [], ["1", 2, None], {"a": 1, "b": ["x", "2"]}, [["${a}"], {"a b": "1e3"}]),
    ],
)
def test_an_override_gives_exactly_its_value(value):
    given = parsed(to_override("group.key", value)).value()
    assert (given, type(given)) == (value, type(value))


def test_a_job_gets_what_is_fixed_and_its_params():
    params = {"model.dropout1": 0.25, "trainer.epochs": 7, "optimizer": "adam"}
    assert job_overrides(SweepPlan(SPACE, ["trainer.seed=3"]), params) == [
        *("trainer.seed=3", "model.dropout1=0.25", "trainer.epochs=7", "optimizer=adam")
    ]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        *(("a.b=1", "a.b"), ("+a.b=1", "a.b"), ("++a=1", "a"), ("~a", "a"), ("model=mlp", "model")),
        *(("db@backup=mysql", "db@backup"), ("+a/b@c.d=x", "a/b@c.d"), ("m.0.x=1", "m.0.x")),
    ],
)
def test_a_key_has_one_normal_form(text, key):
    assert override_key(parsed(text)) == key


@pytest.mark.parametrize("written", ["m.0.x", "m[0].x", "+m[0].x", " ++m.0.x"])
def test_an_index_is_a_part_of_a_key(written):
    assert normal_key(written) == "m.0.x"


def test_keys_within_lists_are_keys():
    config = OmegaConf.create({"m": [{"x": 1}, {"y": [2]}], "z": "${m}", "n": None})
    assert dotted_keys(config) == ["m", "z", "n", "m.0", "m.0.x", "m.1", "m.1.y", "m.1.y.0"]


def test_groups_and_dotted_keys_can_be_searched(compose_config):
    keys = config_keys(compose_config("optimizer=adam", hydra=True))
    assert {"model", "optimizer", "model.dropout1", "optimizer.betas", "trainer.seed"} <= set(keys)
    assert not any(key.startswith("hydra.") for key in keys)
    assert "search_space.n_trials" in keys, "an application may have a group of this name"
    assert "optimizer.momentum" not in keys
