"""What a sweep searches and what its jobs are given, from `params` and a command line."""

from collections.abc import Callable, Iterator

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from dropout_study.config.overrides import plain_value
from dropout_study.paths import conf_dir
from dropout_study.search.priors import ChoicePrior, NumberPrior
from dropout_study.sweeper.planning.parameters import parameter_of
from dropout_study.sweeper.planning.plan import SweepPlan, config_keys
from dropout_study.sweeper.planning.planned import POINT, plan_points, plan_sweep


def parsed(text: str):
    return OverridesParser.create().parse_override(text)


def parameter(text: str):
    override = parsed(text)
    return parameter_of(override, override.get_key_element())


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
        ("tag(log, range(1, 9))", IntDistribution(1, 8, log=True)),
        ("range(5)", IntDistribution(0, 4)),
        ("range(2, 11, 4)", IntDistribution(2, 10, step=4)),
        ("range(10, 0, -2)", IntDistribution(2, 10, step=2)),
        ("shuffle(range(0, 3))", IntDistribution(0, 2)),
        ("sort(range(0, 3), reverse=true)", IntDistribution(0, 2)),
        ("range(0, 1, 0.25)", FloatDistribution(0, 0.75, step=0.25)),
        ("float(range(0, 3))", FloatDistribution(0, 2, step=1)),
        ("choice(0.1, 0.5)", CategoricalDistribution([0.1, 0.5])),
        ("choice(a, 'b c', true)", CategoricalDistribution(["a", "b c", True])),
        ("8,16,32", CategoricalDistribution([8, 16, 32])),
        ("choice([1, 2], [3])", CategoricalDistribution(["[1,2]", "[3]"])),
    ],
)
def test_hydras_sweeps_are_optunas_distributions(text, distribution):
    assert parameter(f"k={text}").distribution == distribution


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("interval(1, 0)", "must have its low at most its high"),
        ("int(interval(9, 3))", "must have its low at most its high"),
        ("tag(log, interval(0, 1))", "must have its low > 0 on a log scale"),
        ("range(3, 1)", "is empty"),
        ("range(0, 1, 0)", "is empty"),
        ("tag(log, range(1, 9, 2))", "use tag(log, interval(LOW, HIGH))"),
    ],
)
def test_an_impossible_distribution_names_its_key(text, says, told):
    message = told(parameter, f"optimizer.lr={text}")
    assert message.startswith("`optimizer.lr")
    assert says in message


@pytest.mark.parametrize(
    "text",
    [
        *("range(5)", "range(10,0,-2)", "range(10,1,-4)", "range(2,11,4)", "range(-1,-5,-2)"),
        *("range(0,1,0.1)", "range(1,0,-0.1)", "range(0,0.9,0.3)", "range(0.1,0.75,0.15)"),
        *("range(0,2.5)", "float(range(0,3))", "int(range(0.5,3))", "range(1,10,2.5)"),
        *("sort(range(9,0,-4))", "sort(range(0,9,4),reverse=true)", "tag(a,range(3))"),
    ],
)
def test_a_range_gives_jobs_the_values_of_hydras_own_sweeper(text):
    made, hydras = parameter(f"k={text}"), list(parsed(f"k={text}").sweep_iterator())
    low, high, step = made.distribution.low, made.distribution.high, made.distribution.step
    stored = [low + n * step for n in range(round((high - low) / step) + 1)]
    given = [made.settings(value)["k"].element for value in stored]
    assert sorted(given) == sorted(hydras)
    assert {type(value) for value in given} == {type(value) for value in hydras}


@pytest.mark.parametrize(
    "text",
    [
        *("1,true,1.0,'1','true',null", "0,false,null,''", "a,'a'", "nan,inf,-inf"),
        *("[1,2],'[1,2]',[1,'2'],[]", "{a:1},{a:'1'},{a:[{b:null}]}", "'1e3',1e3,007,'007'"),
        *("${a},'${a}',a${b}", "'it\\'s','\"','\\\\'", "a\\,b,'a,b','a=b'", "' a ',a b,'a  b'"),
    ],
)
def test_a_choice_gives_jobs_exactly_its_elements(text):
    made = parameter(f"k={text}")
    wanted = {repr(plain_value(each)): each for each in parsed(f"k={text}").sweep_iterator()}
    given = [parsed(made.settings(each)["k"].override) for each in made.distribution.choices]
    assert [repr(each.value()) for each in given] == list(wanted)
    assert all(isinstance(c, bool | int | float | str | None) for c in made.choices)
    for stored in made.choices:
        value = plain_value(made.settings(stored)["k"].element)
        assert made.stored({"k": value}) == [stored] or value != value or value in (1, True)


class TestPlan:
    def test_without_arguments_all_params_are_searched(self, plan):
        assert plan(PARAMS).space == SPACE
        assert plan(PARAMS).fixed == []

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
        assert planned.space == {**SPACE, "model.dropout1": distribution}
        assert list(planned.space) == list(SPACE)

    def test_a_sweep_of_another_key_is_added(self, plan):
        planned = plan(PARAMS, "trainer.batch_size=64,256", "+model.new=interval(0,1)")
        assert list(planned.space) == [*SPACE, "trainer.batch_size", "model.new"]
        assert "+model.new=0.5" in planned.job_overrides({"model.new": 0.5})

    def test_other_overrides_go_to_every_job(self, plan):
        given = ["trainer.seed=3", "optimizer=adam", "+optimizer.amsgrad=true", "~model.init_std"]
        assert plan(PARAMS, *given).fixed == given

    def test_overrides_of_one_key_all_count(self, plan):
        given = ["+model.note={a:1}", "model.note={b:2}", "~tracker", "+tracker=none"]
        assert plan(PARAMS, *given).fixed == given

    def test_a_pinned_key_that_was_added_stays_added(self, plan):
        assert plan({"+z": "interval(5,6)"}, "z=5.5").fixed == ["+z=5.5"]
        assert plan({"++z": "interval(5,6)"}, "z=choice(1,2)").job_overrides({"z": 1}) == ["++z=1"]

    def test_a_plain_value_among_the_params_is_fixed(self, plan):
        params = {"trainer.seed": 3, "model.widths": [8, 4], "model.name": "a b"}
        assert plan(params).fixed == ["trainer.seed=3", "model.widths=[8,4]", "model.name=a b"]

    def test_an_index_may_be_in_brackets(self, plan):
        planned = plan({"+layers[0].size": "choice(1,2)"})
        assert planned.job_overrides({"layers.0.size": 2}) == ["+layers.0.size=2"]

    def test_a_glob_chooses_among_the_options_of_a_group(self, plan):
        planned = plan({}, "optimizer=glob(ad*)")
        assert planned.space == {"optimizer": CategoricalDistribution(["adam", "adamw"])}

    def test_what_is_no_override_is_hydras_error(self, plan):
        with pytest.raises(OverrideParseException):
            plan(PARAMS, "model.dropout1=choice(")

    def test_a_job_gets_its_params_and_what_is_fixed(self, plan):
        planned = plan({**PARAMS, "optimizer": "choice(sgd,adam)"}, "trainer.seed=3")
        params = {"model.dropout1": 0.25, "trainer.epochs": 7, "optimizer": "adam", "own": "a,b"}
        assert planned.job_overrides(params) == [
            *("model.dropout1=0.25", "trainer.epochs=7", "optimizer=adam", "trainer.seed=3"),
            "own='a,b'",
        ]


class TestConditions:
    @pytest.mark.parametrize("key", ["+z", "z", "++z"])
    def test_a_key_is_the_same_however_it_is_written(self, plan, key):
        params = {
            "+name": "choice(a,b)",
            key: {"distribution": "interval(5,6)", "when": {"++name": "a"}},
        }
        assert plan(params).conditions == {"z": {"name": ("a",)}}

    def test_values_are_those_of_the_elements(self, plan):
        when = {"h": [[64, 64], [128]], "flag": True}
        params = {
            "+h": "choice([64,64],[128],[1])",
            "+flag": "1,true",
            "+z": {"distribution": "interval(5,6)", "when": when},
        }
        assert plan(params).conditions == {"z": {"h": ("[64,64]", "[128]"), "flag": ("True",)}}
        params["+z"] = {"distribution": "interval(5,6)", "when": {"h": [64, 64]}}
        assert plan(params).conditions == {"z": {"h": ("[64,64]",)}}

    def test_a_value_that_is_never_had_is_refused(self, plan, told):
        params = {
            "+h": "choice(a,b)",
            "+z": {"distribution": "interval(5,6)", "when": {"h": "c"}},
        }
        assert "`+z` is searched when `h` is 'c', which is not in" in told(plan, params)


ZIPPED = {
    "size": {"zip": [{"model.hidden1": 8, "+note": "x"}, {"model.hidden1": 4, "+note": [1]}]},
    "trainer.epochs": {"distribution": "choice(1,2)", "when": {"model.hidden1": 4}},
}


class TestZip:
    def test_keys_vary_together(self, plan):
        planned = plan(ZIPPED)
        first, second = planned.space["size"].choices
        assert planned.job_overrides({"size": first}) == ["model.hidden1=8", "+note=x"]
        assert planned.values({"size": second}) == {"model.hidden1": 4, "note": [1]}
        assert planned.conditions == {"trainer.epochs": {"size": (second,)}}

    def test_a_pinned_key_leaves_it(self, plan):
        planned = plan(ZIPPED, "model.hidden1=4")
        assert planned.owners.keys() == {"note", "trainer.epochs"}
        assert planned.fixed == ["model.hidden1=4"]

    def test_points_name_its_keys(self, plan):
        planned = plan(ZIPPED)
        point, moved = planned.fit({"model.hidden1": 4, "note": [1], "trainer.epochs": 2})
        assert planned.values(point) == {"model.hidden1": 4, "note": [1], "trainer.epochs": 2}
        assert not moved

    def test_a_key_is_searched_once(self, plan, told):
        twice = {**ZIPPED, "model.hidden1": "choice(1,2)"}
        assert told(plan, twice).startswith("`model.hidden1` is searched twice")

    def test_rows_have_the_same_keys(self, plan, told):
        rows = {"size": {"zip": [{"a": 1}, {"b": 1}]}}
        assert "must give each row of its zip the same keys" in told(plan, rows)


class TestFit:
    def test_what_lies_inside_stays(self, plan):
        point = {"model.dropout1": 0.2, "optimizer.lr": 0.5, "trainer.epochs": 10}
        assert plan(PARAMS).fit(point) == (point, [])

    def test_what_lies_outside_is_moved_and_said(self, plan):
        params, moved = plan(
            PARAMS, "optimizer.lr=choice(0.1,1)", "trainer.epochs=range(1,9,3)"
        ).fit({"model.dropout1": 0.9, "optimizer.lr": 0.5, "trainer.epochs": 10})
        assert params == {"model.dropout1": 0.8, "optimizer.lr": 0.1, "trainer.epochs": 7}
        assert moved == [
            *("model.dropout1 0.9 -> 0.8", "optimizer.lr 0.5 -> 0.1", "trainer.epochs 10 -> 7")
        ]

    def test_a_text_that_is_no_choice_is_left_to_the_sampler(self, plan):
        params, moved = plan(PARAMS, "optimizer=adam,rmsprop").fit(
            {"optimizer": "sgd", "optimizer.lr": 0.5}
        )
        assert params == {"optimizer.lr": 0.5}
        assert moved == ["optimizer sgd -> as the sampler chooses"]

    def test_a_pin_wins(self, plan):
        params, moved = plan(PARAMS, "optimizer.lr=0.3").fit({"optimizer.lr": 0.5})
        assert (params, moved) == ({}, [])

    def test_a_number_must_be_one(self, plan, told):
        message = told(plan(PARAMS).fit, {"optimizer.lr": "high"})
        assert message.startswith("`optimizer.lr` must be a number in an enqueued point")


def test_points_are_rows_of_one_choice(told):
    points = [{"x": 1}, {"+y": [2], "x": 1}, {"x": 1}]
    planned = plan_points(points, ["z=3"], None)
    assert [planned.job_overrides({POINT: each}) for each in planned.space[POINT].choices] == [
        *(["z=3", "x=1"], ["z=3", "+y=[2]", "x=1"])
    ]
    assert "is the whole study" in told(plan_points, points, ["z=1,2"], None)
    assert "must be a list of mappings" in told(plan_points, [3], [], None)


def test_groups_and_dotted_keys_can_be_searched(compose_config):
    keys = config_keys(compose_config("optimizer=adam", hydra=True))
    assert {"model", "optimizer", "model.dropout1", "optimizer.betas", "trainer.seed"} <= set(keys)
    assert not any(key.startswith("hydra.") for key in keys)
    assert "search_space.n_trials" in keys, "an application may have a group of this name"
    assert "optimizer.momentum" not in keys


PRIOR = {"mean": 0.3, "std": 0.1}
WITH_PRIORS = {
    "+x": {"distribution": "interval(0, 0.8)", "prior": PRIOR},
    "c": {"distribution": "choice(a, 2, b)", "when": {"x": 1}, "prior": {"a": 3, 2: 1}},
}


def test_priors_are_those_of_the_searched_parameters(plan):
    params = {"+x": WITH_PRIORS["+x"], "c": {**WITH_PRIORS["c"], "when": {"d": 1}}, "d": 1}
    found = plan(params)
    assert found.space["x"] == FloatDistribution(0, 0.8)
    assert found.priors == {
        "x": NumberPrior(0.3, 0.1),
        "c": ChoicePrior({"a": 3.0, 2: 1.0, "b": 0.0}),
    }
    assert plan(params, "x=interval(0,0.5)").priors["x"] == NumberPrior(0.3, 0.1)
    assert set(plan(params, "x=0.1", "c=a").priors) == set()


@pytest.mark.parametrize(
    ("prior", "distribution", "words"),
    [
        ({"d": 1}, "choice(a, 2)", "got 'd', which is none of a, 2"),
        ({"a": -1}, "choice(a, 2)", "weights >= 0 in its prior"),
        ({"a": 0}, "choice(a, 2)", "a weight > 0 in its prior"),
        ({"mean": 0.3, "std": 1}, "choice(a, 2)", "got 'mean', which is none of"),
        ({"a": 1}, "interval(0, 1)", "must have its prior as {mean: ..., std: ...}"),
        ({"mean": 3, "std": 1}, "interval(0, 1)", "in its range, 0 to 1, got 3"),
    ],
)
def test_a_prior_of_another_distribution_is_refused(plan, told, prior, distribution, words):
    assert words in told(plan, {"x": {"distribution": distribution, "prior": prior}})


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"optimizer.lr": 0.1, "model._target_": "os.system"}, "`model._target_`, which is not"),
        ({"optimizer": "os.system"}, "`optimizer=os.system`, no choice of it"),
    ],
)
def test_a_trial_of_the_storage_sets_searched_keys_alone(plan, told, params, says):
    made = plan({"optimizer.lr": "interval(0, 1)", "optimizer": "choice(sgd, adam)"})
    assert says in told(made.check_stored, params, suggested=False)
    made.check_stored({"optimizer.lr": 0.1, "optimizer": "adam"}, suggested=False)
    if "optimizer.lr" in params:  # somebody's `custom_search_space` may suggest any key
        made.check_stored(params, suggested=True)
