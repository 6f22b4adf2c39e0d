"""Trial rows read at once into records: a results folder has hundreds of thousands, nearly all of one plain form.

Whatever is not plain is left to `nasbench.rows`, which alone tells what is wrong with a row; what is taken here is what
it would take, and gives an equal record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Status, Trial

_Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Number = _Integer | float


class _Row(msgspec.Struct, tag_field="kind", tag="trial", forbid_unknown_fields=True, gc=False):
    """The fields of `Trial.to_row` that every trial has."""

    index: _Count
    batch: _Count
    architecture: tuple[_Integer | str | list[Any], ...]
    fidelity: _Count | None
    resumes: _Count | None
    parent: _Count | None
    status: Status
    validation: dict[str, _Number]
    scores: dict[str, _Number]
    parameters: _Count
    encoder_parameters: _Count
    macs: _Count
    cost: _Count
    spent: _Count
    weights: str | None
    note: str | None
    seconds: _Number


_decode = msgspec.json.Decoder(_Row).decode


def plain_trial(line: bytes, index: int, objectives: Sequence[str]) -> Trial | None:
    """The trial of a line where it is one that ended with objectives and may come next; None for anything else.

    Args:
        index: of the trial that comes next.
        objectives: their names, by the run's header.
    """
    try:
        row = _decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    genes, validation, resumes, parent = row.architecture, row.validation, row.resumes, row.parent
    if (
        row.index != index
        or row.batch > index
        or (resumes is not None and resumes >= index)
        or (parent is not None and parent >= index)
        or row.status is not Status.OK
        or len(validation) != len(objectives)
        or not all(map(validation.__contains__, objectives))
        or list in map(type, genes)  # genes that are nested
    ):
        return None
    return Trial(
        index=index,
        batch=row.batch,
        proposal=Proposal(Architecture(genes), row.fidelity, resumes, parent),  # type: ignore[arg-type]
        evaluation=Evaluation(
            status=Status.OK,
            cost=row.cost,
            sizes=Sizes(row.parameters, row.encoder_parameters, row.macs),
            validation=validation,
            scores=row.scores,
            weights=row.weights,
            note=row.note,
            seconds=row.seconds,
        ),
        spent=row.spent,
    )
