"""A password in a storage's URL is nowhere to be read."""

from pathlib import Path

import pytest

from dropout_study.search.storage.urls import (
    STORAGE_VARIABLE,
    absolute_url,
    hide_password,
    masked,
    with_password,
)

SHOWN = {
    "postgresql+psycopg://anna:secret@host:5432/db": "postgresql+psycopg://anna:***@host:5432/db",
    "postgresql://anna:sec%40ret@host/db": "postgresql://anna:***@host/db",
    "postgresql://anna:s@e:c@host/db": "postgresql://anna:***@host/db",
    "postgresql://:secret@host/db": "postgresql://:***@host/db",
    "mysql://host/db?user=anna&password=secret": "mysql://host/db?user=anna&password=***",
    "mysql://host/db?passwd=secret&x=1": "mysql://host/db?passwd=***&x=1",
    "postgresql://h/db?sslmode=require&sslpassword=secret": (
        "postgresql://h/db?sslmode=require&sslpassword=***"
    ),
    "mysql+pymysql://anna:sec/ret@host/db": "mysql+pymysql://anna:***@host/db",
    "mysql+pymysql://anna:sec?ret@host/db": "mysql+pymysql://anna:***@host/db",
    "sqlite:///study.db": "sqlite:///study.db",
    "postgresql://anna@host/db": "postgresql://anna@host/db",
    "s=postgresql://a:secret@h/db t=mysql://b:secret@h/db": (
        "s=postgresql://a:***@h/db t=mysql://b:***@h/db"
    ),
}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    monkeypatch.setenv(STORAGE_VARIABLE, "")


@pytest.mark.parametrize(("url", "shown"), SHOWN.items(), ids=SHOWN.values())
def test_passwords_are_masked_and_nothing_else(url, shown):
    assert masked(url) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize("url", SHOWN, ids=SHOWN.values())
def test_a_hidden_url_comes_back_whole(url):
    assert with_password(hide_password(url)) == url


def test_another_url_is_not_given_the_password_of_this_one():
    hide_password("postgresql://anna:secret@host/db")
    assert with_password("postgresql://anna:***@other/db") == "postgresql://anna:***@other/db"
    assert with_password("sqlite:///study.db") == "sqlite:///study.db"


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("sqlite:///study.db", "sqlite:////home/me/study.db"),
        ("sqlite+pysqlite:///a/b.db?timeout=3", "sqlite+pysqlite:////home/me/a/b.db?timeout=3"),
        ("sqlite:////tmp/study.db", "sqlite:////tmp/study.db"),
        ("journal://study.log", "journal:///home/me/study.log"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql+psycopg://me:secret@host/db", "postgresql+psycopg://me:secret@host/db"),
    ],
)
def test_the_path_of_a_file_does_not_depend_on_where_a_job_runs(url, absolute):
    assert absolute_url(url, Path("/home/me")) == absolute
