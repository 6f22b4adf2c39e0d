"""Output to a pipe whose reader may go away, as `head` does: its lines are lost then, and the work goes on."""

from __future__ import annotations

import io
import os
import stat
import sys
from typing import Any


class _Outliving(io.FileIO):
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(memoryview(data).cast("B"))


def outlive_readers() -> None:
    """Have standard output and error, where they are pipes, take what nobody reads any more.

    What a run or a figure costs is not lost for a line that could not be shown; its files tell all of it.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__") or not _is_pipe(stream):
            continue  # somebody's own stream, a file or a terminal
        stream.flush()
        raw = _Outliving(stream.fileno(), "wb", closefd=False)
        outliving = io.TextIOWrapper(
            io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=stream.line_buffering
        )
        setattr(sys, name, outliving)


def _is_pipe(stream: Any) -> bool:
    return stream is not None and stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
