"""Checks the arguments of a sampler or a pruner: their names and their types.

An option of a group (e.g. ``tpe``) brings all its fields. If ``_target_`` then names another class,
the fields that still have their defaults are left out.
"""

from collections.abc import Mapping
from dataclasses import fields
from inspect import Parameter, signature
from types import UnionType
from typing import Any, get_args

from omegaconf import MissingMandatoryValue, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dropout_study.config.instantiate import located
from dropout_study.errors import UserError, argument_error, did_you_mean
from dropout_study.sweeper.confs.pruners import PRUNERS
from dropout_study.sweeper.confs.samplers import OWN, SAMPLERS

CONFS: Mapping[str, Mapping[str, type]] = {"sampler": SAMPLERS, "pruner": PRUNERS}
HYDRAS = {"_target_", "_partial_", "_convert_", "_recursive_", "_args_"}
SEED = "seed"


def arguments_of(role: str, conf: Any, choice: str | None = None) -> dict[str, Any]:
    """Returns the checked arguments of a sampler or pruner, with its ``_target_``.

    Args:
        role: ``sampler`` or ``pruner``.
        conf: its configuration.
        choice: the option of its group that the configuration started from.

    Raises:
        UserError: ``conf`` names no class, or has an argument that the class does not take.
    """
    given = plain_of(role, conf)
    known = CONFS[role].get((choice or "").removeprefix(OWN))
    if known is None:
        return _taken(role, given, signature_of(given["_target_"]))
    defaults: dict[str, Any] = {each.name: getattr(known(), each.name) for each in fields(known)}
    given = {key: value for key, value in given.items() if key in defaults or value is not None}
    if given["_target_"] != defaults["_target_"]:
        return _of_another_class(role, given, defaults)
    return _taken(role, _typed(role, given, known), signature_of(given["_target_"]))


def plain_of(role: str, conf: Any) -> dict[str, Any]:
    """Returns the configuration of a sampler or a pruner as plain data.

    Raises:
        UserError: ``conf`` names no class, or lacks a value.
    """
    try:
        plain = OmegaConf.to_container(conf, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = str(error.full_key).rpartition(".")[2]
        raise UserError(f"`hydra.sweeper.{role}.{key}` must be given: it has no default") from error
    except (ValueError, OmegaConfBaseException):
        plain = conf
    if not isinstance(plain, dict) or not isinstance(plain.get("_target_"), str):
        raise argument_error(
            f"hydra.sweeper.{role}",
            plain,
            f"must be a mapping with the _target_ of an Optuna {role}",
            f"choose one with hydra/sweeper/{role}=NAME",
        )
    plain.pop("_partial_", None)  # the official plugin needs it for a grid, this one does not
    return _without_newer({str(key): value for key, value in plain.items()})


def _without_newer(given: dict[str, Any]) -> dict[str, Any]:
    """Leaves out arguments that the installed Optuna does not know, if they have the default.

    The Confs have Optuna 5's fields; Optuna 4.9 does not know ``mutation`` of NSGA-II, for example.
    """
    confs = (conf() for group in CONFS.values() for conf in group.values())
    conf = next((each for each in confs if each._target_ == given["_target_"]), None)
    parameters = signature_of(given["_target_"]) if conf is not None else None
    return {
        key: value
        for key, value in given.items()
        if parameters is None
        or key in parameters
        or not hasattr(conf, key)
        or key in HYDRAS
        or value != getattr(conf, key)
    }


def signature_of(target: str) -> Mapping[str, Parameter] | None:
    """Returns the parameters of a target; None where they are not known."""
    try:
        return signature(located(target)).parameters
    except (ImportError, ValueError, TypeError):
        return None  # the error comes when it is built


def _taken(
    role: str, given: dict[str, Any], parameters: Mapping[str, Parameter] | None
) -> dict[str, Any]:
    """Returns ``given`` if the class takes all of its arguments."""
    if parameters is None or any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return given
    for key in given:
        if key not in HYDRAS and key not in parameters:
            name = given["_target_"].rpartition(".")[2]
            raise UserError(
                f"`hydra.sweeper.{role}.{key}` is no argument of {name}"
                f"{did_you_mean(key, parameters)}"
            )
    return given


def _of_another_class(
    role: str, given: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the changed arguments, and the seed if the class has one (for repeatable sweeps)."""
    parameters = signature_of(given["_target_"])
    changed = {
        key: value
        for key, value in given.items()
        if key not in defaults
        or value != defaults[key]
        or (key == SEED and key in (parameters or {}))
    }
    return _taken(role, changed, parameters)


def _typed(role: str, given: Mapping[str, Any], conf: type) -> dict[str, Any]:
    schema = OmegaConf.structured(conf)
    typed = dict(given)
    for key, value in given.items():
        if key in schema:
            typed[key] = as_declared(f"hydra.sweeper.{role}.{key}", value, schema, key)
    return typed


WORDS = {
    **{"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"},
    **{"list": "a list", "dict": "a mapping", "None": "null"},
}


def as_declared(name: str, value: Any, schema: Any, key: str) -> Any:
    """Returns ``value`` converted to the type of field ``key`` of a structured ``schema``.

    Raises:
        UserError: the value has another type.
    """
    try:
        OmegaConf.update(schema, key, value, merge=False)
    except OmegaConfBaseException as error:
        declared = OmegaConf.get_type(schema).__annotations__[key]
        names = [each.__name__ for each in get_args(declared) if isinstance(declared, UnionType)]
        words = [WORDS[each.replace("NoneType", "None")] for each in names or [declared.__name__]]
        raise argument_error(name, value, f"must be {' or '.join(words)}") from error
    held = schema._get_node(key)
    return OmegaConf.to_container(held) if OmegaConf.is_config(held) else schema[key]
