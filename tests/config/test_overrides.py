import math

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from dropout_study.config.keys import dotted_keys, normal_key
from dropout_study.config.overrides import override_key, to_override


def parsed(text: str):
    return OverridesParser.create().parse_override(text)


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
