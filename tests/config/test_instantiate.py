"""What a configuration names by a dotted path."""

import pytest

from dropout_study.config.instantiate import function_at, located


@pytest.mark.parametrize("path", ["no.Where", "pathlib.Nowhere"])
def test_what_is_not_there_is_not_logged(path, caplog):
    with pytest.raises(ImportError):
        located(path)
    assert caplog.messages == []


@pytest.mark.parametrize("path", ["no.where", "sys.path", "", "a..b"])
def test_no_function_is_one_line_that_names_the_setting(path, told):
    assert told(function_at, "the.setting", path).startswith("`the.setting`")


def test_a_function_is_found():
    assert function_at("the.setting", "pathlib.Path")("a").name == "a"
