"""What files of others must look like: strict JSON, checked against a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from nasbench.results import parse


def formed(content: bytes, schema: str) -> Mapping[str, Any]:
    """The JSON object that a file holds.

    Args:
        schema: name of the one it must satisfy, a file beside this one.

    Raises:
        ValueError: it is no JSON, holds what has no number or no encoding, or is not of the form.
    """
    import jsonschema  # loads slowly, and ranking stored runs needs no schema

    data = parse(content)
    error = jsonschema.exceptions.best_match(_validator(schema).iter_errors(data))
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path) or "the whole"
        message = error.message if len(error.message) <= 160 else f"{error.message[:157]}..."
        raise ValueError(f"{where}: {message}")
    return dict(data)


@cache
def _validator(schema: str) -> Any:
    import jsonschema

    # JSON Schema takes 1.0 for an integer: a seed could be listed twice, as 1 and as 1.0.
    types = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=types)
    return validator(json.loads(files("leaderboard").joinpath(schema).read_text("utf-8")))
