"""Checks a composed configuration against the schemas of its groups."""

from dataclasses import fields
from functools import cache
from typing import Any, get_args, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from dropout_study.config.schema import GROUPS, TARGETS
from dropout_study.errors import UserError, argument_error, did_you_mean

UNKNOWN_YET = "HydraConfig was not set"  # why `${hydra:...}` cannot be resolved before a job
REQUIRED = {"model": "mlp", "data": "fashion_mnist", "optimizer": "sgd", "trainer": "default"}
KINDS: dict[Any, str] = {
    **{int: "a whole number", float: "a number", bool: "true or false", str: "a text"},
    **{list[int]: "a list of whole numbers", list[float]: "a list of numbers"},
    **{list[Any]: "a list"},
    **{list[dict[str, Any]]: "a list of mappings", dict[str, Any]: "a mapping"},
}


def check_config(config: DictConfig, *, shared: bool = False) -> None:
    """Checks the types and ranges of every group of ``config``; converts texts that are numbers.

    A missing key has the default of its class. Classes of other packages may get arguments that are
    not in the schema; their constructors check them.

    Args:
        config: the composed configuration.
        shared: whether it is what the trials of a sweep share: then keys that have to suit each
            other are not compared, since one of them may be searched.

    Raises:
        UserError: a value breaks a rule.
    """
    for group, option in REQUIRED.items():
        node, way_out = config.get(group), f"give it an option, as in {group}={option}"
        if node is None:
            raise UserError(f"`{group}` is not chosen; {way_out}")
        if not isinstance(node, DictConfig):
            raise argument_error(group, node, "must be a mapping of keys to values", way_out)
    for group in map(str, config):
        node = config._get_node(group)
        if isinstance(node, DictConfig) and group != "hydra":
            values = _resolved(group, node)
            if not isinstance(target := values.get("_target_", ""), str):
                raise argument_error(
                    f"{group}._target_", target, "must be the dotted path of a class or function"
                )
            schema = GROUPS.get(group) or TARGETS.get(str(values.get("_target_")))
            if schema is not None:
                _check_group(group, schema, values, node)
                if not shared:
                    _check_together(group, schema, node, config)
    if not shared:
        _check_noise_is_used(config)


STANDARD_NOISE = "torch.nn.Dropout"


def _check_noise_is_used(config: DictConfig) -> None:
    """Refuses another noise than dropout for a model that does not take the group's noise."""
    target = OmegaConf.select(config, "noise._target_")
    model = OmegaConf.to_container(config.model, resolve=False)
    takes = isinstance(model, dict) and ("noise" in model or "${noise" in str(model))
    if target not in (None, STANDARD_NOISE) and not takes:
        raise UserError(
            f"`noise` is {target}, but the model does not take its noise layers from the group "
            "`noise`; use noise=dropout, or a model with `noise: ${noise}` that makes its layers "
            "with it"
        )


def check_validation(config: DictConfig) -> None:
    """Refuses a configuration that needs validation data; call it where there is none.

    Raises:
        UserError: an epoch is to be chosen, or the training to be ended, by validation data.
    """
    for setting, instead in chosen_by_validation(config).items():
        raise UserError(
            f"`{setting}` needs validation data to choose by; use {instead} or data.val_size=5000"
        )


def chosen_by_validation(config: DictConfig) -> dict[str, str]:
    """Returns the settings that need validation data, each with one that needs none instead."""
    trainer = config.trainer
    needs = {"checkpoint": ("best", "last"), "objective": ("best_epoch", "last")}
    needs["patience"] = (trainer.get("patience"), "null")
    return {
        f"trainer.{name}={value}": f"trainer.{name}={instead}"
        for name, (value, instead) in needs.items()
        if value is not None and trainer.get(name) == value
    }


def _resolved(group: str, node: DictConfig) -> dict[str, Any]:
    """Returns the values of a group, without those that only a running job knows."""
    values: dict[str, Any] = {}
    for name in () if node._is_none() or node._is_missing() else node:
        try:
            value = node[name]
            if value is None and "${hydra:" in str(node._get_node(name)):
                continue  # Hydra 1.4 says null where 1.3 says that it does not know it yet
            values[str(name)] = _plain(value) if OmegaConf.is_config(value) else value
        except MissingMandatoryValue as error:
            raise UserError(f"`{error.full_key}` has no value; give it one") from error
        except OmegaConfBaseException as error:
            if UNKNOWN_YET not in str(error):
                key, told = error.full_key or group, str(error).splitlines()[0]
                raise UserError(f"`{key}` cannot be resolved: {told}") from error
    return values


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True, throw_on_missing=True)


def _check_group(group: str, schema: type, values: dict[str, Any], node: DictConfig) -> None:
    known = {key.name: key for key in fields(schema)}
    own = group in GROUPS or str(values.get("_target_")).startswith("dropout_study.")
    for name, value in values.items():
        if name in known:
            typed = _typed(f"{group}.{name}", schema, name, value)
            if "check" in known[name].metadata and typed is not None:
                known[name].metadata["check"](f"{group}.{name}", typed)
            if typed != value:
                node[name] = typed
        elif own:
            near = did_you_mean(name, known)
            raise UserError(f"`{group}.{name}` is no key of {values.get('_target_', group)}{near}")


def _check_together(group: str, schema: type, node: DictConfig, config: DictConfig) -> None:
    """Raises an error if keys do not suit each other, or epochs do not fit into the training."""
    values = _resolved(group, node)
    check_together = getattr(schema, "check_together", None)
    if check_together is not None:
        check_together(group, values)
    training = OmegaConf.select(config, "trainer.epochs")
    for key in fields(schema):
        given, spare = values.get(key.name), key.metadata.get("spare")
        if given is None or spare is None or not isinstance(training, int):
            continue
        if given + spare > training:
            rule = f"must be {'<' if spare else '<='} trainer.epochs={training}"
            raise argument_error(f"{group}.{key.name}", given, rule)


@cache  # only the updated key is read; making a new node takes half a millisecond
def _typed_node(schema: type) -> DictConfig:
    node: DictConfig = OmegaConf.structured(schema)
    return node


def _typed(name: str, schema: type, key: str, value: Any) -> Any:
    """Returns ``value`` in the type that ``schema`` gives its ``key``."""
    try:
        typed = _typed_node(schema)
        OmegaConf.update(typed, key, value, merge=False)  # `typed[key] = 1` warns in 2.4
    except OmegaConfBaseException as error:
        hint = get_type_hints(schema)[key]
        kinds = [
            KINDS.get(kind, "null") for kind in (get_args(hint) if hint not in KINDS else [hint])
        ]
        raise argument_error(name, value, f"must be {' or '.join(kinds)}") from error
    return OmegaConf.to_container(typed)[key]  # type: ignore[index,call-overload]
