"""The rows of a run file: their JSON, what each must hold, and the order in which they may come.

A row is checked when it is read, so that a hand-edited or foreign file gives a sentence and never a KeyError; it is
checked when it is written too, so that nothing is stored that could not be read back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from nasbench.records import Phase, RunHeader, Stage, Status, TestResult, Trial
from nasbench.trial_rows import plain_trial

SCHEMA_VERSION = 1
"""Of the form of a run file: raised when an older reader would misunderstand it."""
SCIENCE_VERSION = 1
"""Of the results' meaning: raised when equal configurations give other numbers, so that none of them are reused."""

Record = Phase | Trial | TestResult | Mapping[str, Any]
"""What a row after the header stands for; a mapping is the run's end."""


def encode(row: Mapping[str, Any]) -> bytes:
    """One line of JSON, in the row's own key order and with its newline.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: a value has no JSON form.
    """
    return json.dumps(row, allow_nan=False, default=_plain).encode() + b"\n"


def canonical_json(data: Mapping[str, Any]) -> bytes:
    """The one JSON text of equal data, to be hashed: sorted keys, no spaces; raises as `encode`."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain).encode()


def parse(line: bytes) -> Any:
    """The JSON value of a line; stricter than `json.loads`, and a third of its time.

    That takes NaN, lets 1e999 pass as infinity, and makes texts that have no encoding of half a character.

    Raises:
        ValueError: it is not JSON, or not such that all that reads it can work with it.
    """
    try:
        value = _JSON.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(_why_not(line) or str(error)) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if line.count(b"[") + line.count(b"{") > DEEPEST and _depth(value) > DEEPEST:
        raise ValueError("nested too deeply")
    return value


def _why_not(line: bytes) -> str:
    """Why a line is refused, in the words of the standard library's reader, which names the value."""
    try:
        value = json.JSONDecoder(parse_constant=_finite, parse_float=_finite).decode(line.decode())
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        return str(error)
    return ""


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


_JSON = msgspec.json.Decoder()

DEEPEST = 100
"""Levels of nesting that a row may have: no code that walks through one runs out of stack."""


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [part for node in level for part in _parts(node)]:
        depth += 1
    return depth


def _parts(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def comparable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what may differ between equal runs.

    That is the header's provenance, and every field, nested ones too, that is named `executed_flops` or ends in
    `seconds` or `_at`. The header's `config` stays whole: a setting of such a name is an input, not a measurement.
    """
    header = row.get("kind") == "header"
    return {
        name: value if header and name == "config" else _without_exempt(value)
        for name, value in row.items()
        if not (_exempt(name) or (header and name == "provenance"))
    }


def _exempt(name: str) -> bool:
    return name == "executed_flops" or name.endswith(("seconds", "_at"))


def _without_exempt(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_exempt(v) for name, v in value.items() if not _exempt(name)}
    if isinstance(value, list | tuple):
        return [_without_exempt(v) for v in value]
    return value


@dataclass(frozen=True, slots=True)
class _Form:
    """What a field must hold, and its name in a sentence."""

    words: str
    accepts: Callable[[Any], bool]


# Rows come from JSON, whose values have no types but these: `type` tells them, and true is no integer. A results folder
# has millions of fields, so the common ones are told without further calls.


def _is_integer(value: Any) -> bool:
    """Of 64 bits, as all that computes with it takes it."""
    return type(value) is int and -(2**63) <= value < 2**63


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_count_or_null(value: Any) -> bool:
    return value is None or (type(value) is int and 0 <= value < 2**63)


def _is_number(value: Any) -> bool:
    return type(value) is float or _is_integer(value)


def _is_numbers(value: Any) -> bool:
    if type(value) is not dict:
        return False
    for each in value.values():  # noqa: SIM110 - a generator takes twice as long
        if type(each) is not float and not _is_integer(each):
            return False
    return True


def _is_genes(value: Any) -> bool:
    return type(value) is list and all(_is_integer(gene) or type(gene) is str or _is_genes(gene) for gene in value)


def _is_sizes(value: Any) -> bool:
    names = {"parameters", "encoder_parameters", "macs"}
    return isinstance(value, dict) and set(value) == names and all(_POSITIVE.accepts(v) for v in value.values())


def _is_file_name(value: Any) -> bool:
    """Of one file or folder: a path made of it stays where it should."""
    return _is_name(value) and value not in ("", ".", "..") and not set(value) & set("/\\:")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= 200


def _is_budget(value: Any) -> bool:
    return isinstance(value, dict) and (not value or (_is_number(value.get("amount")) and _is_name(value.get("unit"))))


def _optional(form: _Form) -> _Form:
    return _Form(f"{form.words} or null", lambda v: v is None or form.accepts(v))


_TEXT = _Form("a text", lambda v: isinstance(v, str))
_NAME = _Form("a printable text of at most 200 characters", _is_name)
_FILE_NAME = _Form("a name of a file", _is_file_name)
_BUDGET = _Form("an amount and a unit", _is_budget)
_INTEGER = _Form("an integer", _is_integer)
_COUNT = _Form("an integer of at least 0", _is_count)
_COUNT_OR_NULL = _Form("an integer of at least 0 or null", _is_count_or_null)
_POSITIVE = _Form("an integer of at least 1", lambda v: _is_integer(v) and v >= 1)
_NUMBER = _Form("a number", _is_number)
_NUMBERS = _Form("numbers by name", _is_numbers)
_MAPPING = _Form("a mapping", lambda v: isinstance(v, dict))
_TEXTS = _Form("texts by name", lambda v: isinstance(v, dict) and all(isinstance(x, str) for x in v.values()))
_NAMES = _Form("a list of distinct names", lambda v: _is_names(v))
_GENES = _Form("nested lists of integers and texts", _is_genes)
_SIZES = _Form("parameters, encoder_parameters and macs, each of at least 1", _is_sizes)
_TRUE = _Form("true, or left out", lambda v: v is True)
_STAGES = _Form("a list of stages (name, steps, tokens, cost, curve, seconds)", lambda v: _is_stages(v))
_STATUSES = frozenset(map(str, Status))
_STATUS = _Form(f"one of {', '.join(Status)}", lambda v: type(v) is str and v in _STATUSES)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_name, value)) and 0 < len(value) == len(set(value))


def _is_stages(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(v, dict) and _is_stage(v) for v in value)


def _is_stage(value: dict[str, Any]) -> bool:
    return (
        set(value) == set(Stage.__dataclass_fields__)
        and _TEXT.accepts(value["name"])
        and all(_COUNT.accepts(value[name]) for name in ("steps", "tokens", "cost"))
        and _is_number(value["seconds"])
        and isinstance(value["curve"], list)
        and all(isinstance(point, list) and len(point) == 3 and _is_point(*point) for point in value["curve"])
    )


def _is_point(step: Any, loss: Any, held_out: Any) -> bool:
    return _COUNT.accepts(step) and _is_number(loss) and (held_out is None or _is_number(held_out))


_FORMS: Mapping[str, Mapping[str, _Form]] = {
    "header": {
        "science_version": _POSITIVE,
        **dict.fromkeys(("run_id", "experiment"), _FILE_NAME),
        **dict.fromkeys(("method", "task", "metric", "model", "source", "scale"), _NAME),
        "seed": _INTEGER,
        "config": _MAPPING,
        "fingerprints": _TEXTS,
        "full": _SIZES,
        "epoch_macs": _POSITIVE,
        "budget": _BUDGET,
        "budget_macs": _COUNT_OR_NULL,
        "objectives": _NAMES,
        "numerics": _MAPPING,
        "provenance": _MAPPING,
    },
    "trial": {
        **dict.fromkeys(("index", "batch"), _COUNT),
        "architecture": _GENES,
        **dict.fromkeys(("fidelity", "resumes", "parent"), _COUNT_OR_NULL),
        "status": _STATUS,
        **dict.fromkeys(("validation", "scores"), _NUMBERS),
        **dict.fromkeys(("parameters", "encoder_parameters", "macs", "cost", "spent"), _COUNT),
        **dict.fromkeys(("weights", "note"), _optional(_TEXT)),
        "seconds": _NUMBER,
    },
    "phase": {"name": _TEXT, "cost": _COUNT, "weights": _optional(_TEXT), "scores": _NUMBERS, "seconds": _NUMBER},
    "test": {"trial": _COUNT, "objectives": _NUMBERS, "scores": _NUMBERS, "cost": _COUNT, "seconds": _NUMBER},
    "end": {},
}


_WHERE_THERE_IS_ONE: Mapping[str, Mapping[str, _Form]] = {"trial": {"analysis_only": _TRUE, "stages": _STAGES}}
"""Of fields that a row may go without."""


def _check_form(row: Mapping[str, Any]) -> None:
    kind = row["kind"]
    for name, form in _FORMS[kind].items():
        if name not in row:
            raise ValueError(f"a {kind} row without {name}")
        if not form.accepts(row[name]):
            raise ValueError(f"{name} of a {kind} row is {_shown(row[name])}, not {form.words}")
    for name, form in _WHERE_THERE_IS_ONE.get(kind, {}).items():
        if name in row and not form.accepts(row[name]):
            raise ValueError(f"{name} of a {kind} row is {_shown(row[name])}, not {form.words}")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(slots=True)
class RunRows:
    """What the rows of one run say so far: a header, then phases and trials, then tests, then the end."""

    header: RunHeader | None = None
    phases: list[Phase] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    tests: list[TestResult] = field(default_factory=list)
    end: Mapping[str, Any] | None = None

    def begin(self, row: Any) -> None:
        """Take the header.

        Raises:
            ValueError: it is none, or one of another schema version.
        """
        if not isinstance(row, dict) or row.get("kind") != "header":
            raise ValueError("not the header row that a run file begins with")
        version = row.get("schema_version")
        if not (_is_integer(version) and version == SCHEMA_VERSION):
            raise ValueError(
                f"schema version {_shown(version)}, while this nasbench reads version "
                f"{SCHEMA_VERSION}: read it with the nasbench that wrote it, or run it again"
            )
        _check_form(row)
        self.header = RunHeader.from_row(row)

    def record(self, row: Any) -> Record:
        """What a row after the header stands for; adds nothing.

        Raises:
            ValueError: the row is malformed, or may not come next.
        """
        if not isinstance(row, dict) or row.get("kind") not in ("phase", "trial", "test", "end"):
            raise ValueError("not a row of kind phase, trial, test or end")
        _check_form(row)
        if self.end is not None or (self.tests and row["kind"] in ("phase", "trial")):
            raise ValueError(f"a {row['kind']} row after the {'end' if self.end is not None else 'tests'}")
        if row["kind"] == "trial":
            return self._trial(row)
        if row["kind"] == "test":
            return self._test(row)
        if row["kind"] == "phase":
            return Phase(**{name: row[name] for name in Phase.__dataclass_fields__})
        return {name: value for name, value in row.items() if name != "kind"}

    def plain_trial(self, line: bytes) -> Trial | None:
        """What `record` finds in a line that is a plain trial, in about half of its time; None for any other."""
        if self.header is None or self.tests or self.end is not None:
            return None
        return plain_trial(line, len(self.trials), self.header.objectives)

    def add(self, record: Record) -> None:
        """Take what `record` has found in order."""
        if isinstance(record, Trial):
            self.trials.append(record)
        elif isinstance(record, Phase):
            self.phases.append(record)
        elif isinstance(record, TestResult):
            self.tests.append(record)
        else:
            self.end = record

    def _trial(self, row: Mapping[str, Any]) -> Trial:
        if row["index"] != len(self.trials):
            raise ValueError(f"trial {row['index']} where trial {len(self.trials)} comes next")
        if not row["batch"] <= row["index"]:
            raise ValueError(f"trial {row['index']} of a batch that begins with trial {row['batch']}")
        for name in ("resumes", "parent"):
            if row[name] is not None and row[name] >= row["index"]:
                raise ValueError(f"{name} of trial {row['index']} is {row[name]}, which is no trial before it")
        trial = Trial.from_row(row)
        if trial.evaluation.status is Status.OK:
            self._check_objectives(trial.evaluation.validation)
        return trial

    def _test(self, row: Mapping[str, Any]) -> TestResult:
        if row["trial"] >= len(self.trials) or not self.trials[row["trial"]].ok:
            raise ValueError(f"a test of trial {row['trial']}, which is no trial with objectives")
        if row["objectives"] or row["scores"]:  # neither: the scores were not finite
            self._check_objectives(row["objectives"])
        return TestResult(**{name: row[name] for name in TestResult.__dataclass_fields__})

    def _check_objectives(self, values: Mapping[str, float]) -> None:
        names = self.header.objectives if self.header else ()
        if len(values) != len(names) or not all(map(values.__contains__, names)):
            raise ValueError(f"objectives {', '.join(values) or 'none'} where the header says {', '.join(names)}")
