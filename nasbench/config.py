"""From configuration to objects: every component is a frozen dataclass and is its own schema."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, get_type_hints

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nasbench.errors import InputError


def build(node: Any, name: str) -> Any:
    """The object that a configuration node describes.

    A mapping with `_target_` becomes an instance of that dataclass, its nested nodes first; any other mapping or list
    is rebuilt from its members; anything else is itself.

    Args:
        node: resolved configuration: plain mappings, lists and values.
        name: full name of the node, for messages.

    Raises:
        InputError: an unknown key (with the nearest one), a missing or mistyped value, or one out of range.
    """
    if isinstance(node, list):
        return [build(item, f"{name}[{i}]") for i, item in enumerate(node)]
    if not isinstance(node, Mapping):
        return node
    members = {str(key): build(item, f"{name}.{key}") for key, item in node.items() if key != "_target_"}
    if "_target_" not in node:
        return members
    cls = _locate(node["_target_"], name)
    return cls(**checked(cls, members, name))


def canonical(built: Any) -> Any:
    """The configuration that `build` would make an equal object of, all values present and of their fields' types."""
    return _plain(built, lambda field, value: True)


def identity(built: Any) -> Any:
    """What makes a configuration another one, to be hashed.

    As `canonical`, so that `2` and `2.0` are one, without two kinds of fields. Those at their default: an option added
    later leaves the run ids of before as they were (a changed default is a change of SCIENCE_VERSION). And those that
    say where files lie, marked by `field(metadata={"location": True})`: the content of the files is hashed.
    """
    return _plain(built, lambda field, value: not field.metadata.get("location") and value != _default(field))


def _plain(built: Any, wanted: Callable[[dataclasses.Field[Any], Any], bool]) -> Any:
    if dataclasses.is_dataclass(built) and not isinstance(built, type):
        values = {
            f.name: getattr(built, f.name) for f in dataclasses.fields(built) if wanted(f, getattr(built, f.name))
        }
        target = f"{type(built).__module__}.{type(built).__qualname__}"
        return {"_target_": target, **{name: _plain(value, wanted) for name, value in values.items()}}
    if isinstance(built, Mapping):
        return {key: _plain(item, wanted) for key, item in built.items()}
    if isinstance(built, list | tuple):
        return [_plain(item, wanted) for item in built]
    return built.value if isinstance(built, Enum) else built


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def checked(cls: type, values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Values converted to the types of a dataclass's fields; fields with a default may be left out.

    Raises:
        InputError: as `build`.
    """
    hints = get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    for key in values:
        if key not in names:
            raise InputError(f"{name}.{key} is not a setting of {cls.__name__}{nearest(key, names)}")
    schema = OmegaConf.structured(cls)
    OmegaConf.set_readonly(schema, False)  # frozen classes make read-only nodes
    out: dict[str, Any] = {}
    for key, value in values.items():
        if value == "???":
            continue
        if hints[key] is Any:
            out[key] = value
        elif isinstance(hints[key], type) and issubclass(hints[key], Enum):
            out[key] = _member(hints[key], value, f"{name}.{key}")
        else:
            out[key] = _converted(schema, key, value, f"{name}.{key}")
    required = {f.name for f in dataclasses.fields(cls) if f.default is f.default_factory is dataclasses.MISSING}
    for key in names:
        if key in required and key not in out:
            raise InputError(f"{name}.{key} is missing: give it a value, as in {name}.{key}=...")
    return out


def _converted(schema: Any, key: str, value: Any, name: str) -> Any:
    try:
        OmegaConf.update(schema, key, value, merge=False)
        found = schema[key]
    except OmegaConfBaseException as error:
        reason = str(error.msg or error).splitlines()[0]
        raise InputError(f"{name} cannot be {value!r}: {reason}") from error
    return OmegaConf.to_container(found) if OmegaConf.is_config(found) else found


def _member(enum: type[Enum], value: Any, name: str) -> Enum:
    try:
        return enum(value)
    except ValueError as error:
        raise InputError(f"{name} must be one of {', '.join(str(m) for m in enum)}, not {value!r}") from error


def nearest(word: str, names: Iterable[str]) -> str:
    """The tail of a message about an unknown name: the nearest one if there is one, else all of them."""
    names = sorted(names)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(names)}" if names else ""


HOUSES = ("nasbench", "baselines")
"""Packages that components are imported from."""


def _locate(target: str, name: str) -> type:
    """The class that a configuration names.

    Importing a module runs it, and a configuration may be another's, as in a run file: so nothing is imported that is
    not the suite's, while a class that is there already may be of any module.
    """
    module, _, attribute = str(target).rpartition(".")
    if module.partition(".")[0] not in HOUSES and module not in sys.modules:
        raise InputError(
            f"{name}._target_ names {target}, which is not imported: components are classes of {' and '.join(HOUSES)}, "
            f"or of a module that the program has imported"
        )
    try:
        cls = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"{name}._target_ names {target}, which cannot be imported: {error}") from error
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise InputError(f"{name}._target_ names {target}, which is no dataclass")
    return cls
