"""Options that some runs lack, as those made before there was such an option: named, and kept apart from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nasbench.results import Run


def absent_options(groups: Sequence[tuple[Mapping[str, str], Sequence[Run]]]) -> list[str]:
    """A sentence on each group of runs that differs from another in nothing but options that it lacks.

    Args:
        groups: of each its facts by dotted name, as JSON, and its runs.
    """
    sentences = []
    for facts, runs in groups:
        fuller = [others for others, _ in groups if facts.items() < others.items()]
        if fuller:
            nearest = min(fuller, key=lambda others: (len(others), sorted(others.items())))
            lacking = [f"{name} ({value})" for name, value in nearest.items() if name not in facts]
            seeds = ", ".join(map(str, sorted({run.header.seed for run in runs})))
            methods = ", ".join(dict.fromkeys(run.header.method for run in runs))
            sentences.append(
                f"{methods} of seeds {seeds} differ from others in nothing but that they lack {', '.join(lacking)}: "
                "if they were made before there was such an option they may mean the same, but they are kept apart"
            )
    return sentences
