"""Raw rows of a task's data from the hub or from the user's files, by one and the same code."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import datasets
from huggingface_hub import snapshot_download
from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from nasbench.errors import InputError
from nasbench.tasks.base import Source

# Not load_dataset, which tells the hub of every use, even of local files.
READERS: Mapping[str, Callable[..., datasets.Dataset]] = {
    ".parquet": datasets.Dataset.from_parquet,
    ".json": datasets.Dataset.from_json,
    ".jsonl": datasets.Dataset.from_json,
    ".csv": datasets.Dataset.from_csv,
    ".txt": datasets.Dataset.from_text,
}
"""By the file's suffix; a line of plain text is a row of the one column `text`."""

CONTACT_SECONDS = 5
"""How long the hub may take to answer before it counts as out of reach."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a task's rows come from; its fields are those of the tasks.

    Attributes:
        hub_path: a data set's name on the hub, or a local folder in the hub's layout; None: it is not on the hub.
        hub_name: its folder of the configuration that is meant, such as "rte" of "nyu-mll/glue".
        folder: holds <split>.parquet, .json, .jsonl or .csv, or shards of them as on the hub (<split>-*).
        files: a file for each split, in place of `folder`.

    Raises:
        InputError: the source lacks the field that goes with it, or is `embedded`.
    """

    source: Source
    hub_path: str | None
    hub_name: str | None
    folder: str | None
    files: Mapping[str, str] | None

    def __post_init__(self) -> None:
        if self.source is Source.EMBEDDED:
            raise InputError("this task has no embedded data: it takes source=hub or source=local")
        if self.source is Source.LOCAL and (self.folder is None) == (self.files is None):
            raise InputError(
                "source=local takes either task.folder=FOLDER, which holds train.parquet (.json, .jsonl, .csv) and so "
                "on, or task.files={train: FILE, ...}"
            )

    def __str__(self) -> str:
        if self.source is Source.HUB:
            return " ".join(filter(None, (self.hub_path, self.hub_name)))
        return str(self.folder) if self.files is None else ", ".join(self.files.values())

    def read(self, splits: Sequence[str], columns: Sequence[str]) -> list[datasets.Dataset]:
        """The named columns of the named splits, in memory.

        Raises:
            InputError: data that is not there, out of reach, damaged, empty or without one of the columns.
        """
        if self.source is Source.LOCAL and self.files is not None:
            paths = [[self._named(split)] for split in splits]
        else:
            folders = self._folders()
            paths = [_split_files(folders, split) for split in splits]
        return [_read(files, columns) for files in paths]

    def _named(self, split: str) -> Path:
        if self.files is None or split not in self.files:
            raise InputError(f"task.files names no file for the split {split}: give task.files.{split}=FILE")
        return Path(self.files[split]).expanduser()

    def _folders(self) -> list[Path]:
        """Where the splits may lie, in order of preference."""
        if self.source is Source.LOCAL:
            root = Path(str(self.folder)).expanduser()
            if not root.is_dir():
                raise InputError(f"task.folder={self.folder} is not a folder")
            return [root, root / "data"]
        if self.hub_path is None:
            raise InputError("this task's data is not on the hub: it takes source=local, or task.hub_path=NAME")
        root = Path(self.hub_path).expanduser()
        if not root.is_dir():
            root = _download(self.hub_path, self.hub_name)
        return [*([root / self.hub_name] if self.hub_name else []), root / "data", root]


def _download(path: str, name: str | None) -> Path:
    """The folder in the hub's cache that holds a data set, fetched if need be."""
    bars = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        return Path(
            snapshot_download(
                path,
                repo_type="dataset",
                allow_patterns=[f"{name}/*"] if name else [f"*{suffix}" for suffix in READERS],
                etag_timeout=CONTACT_SECONDS,
            )
        )
    except Exception as error:  # whatever the hub's HTTP library of the day raises, passed on as one kind
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:200]
        raise InputError(
            f"data set {path} cannot be had from the hub ({reason}); without it, source=embedded needs no network and "
            "source=local takes files, as in source=local task.folder=FOLDER"
        ) from error
    finally:
        if bars:
            enable_progress_bars()


def _split_files(folders: Sequence[Path], split: str) -> list[Path]:
    """The files of a split: one, or several shards of one format."""
    for folder in folders:
        found = sorted(
            file
            for pattern in (f"{split}.*", f"{split}-*")
            for file in folder.glob(pattern)
            if file.suffix in READERS and file.is_file()
        )
        whole = [file for file in found if file.stem == split]
        if len(whole) > 1 or (whole and len(found) > 1) or len({file.suffix for file in found}) > 1:
            names = ", ".join(file.name for file in found)
            raise InputError(f"{folder} has more than one form of the split {split} ({names}): keep one")
        if found:
            return found
    wanted = ", ".join(f"{split}{suffix}" for suffix in READERS)
    places = " or ".join(map(str, folders))
    raise InputError(f"there is no data of the split {split} in {places}: none of {wanted}")


def _read(files: Sequence[Path], columns: Sequence[str]) -> datasets.Dataset:
    label = ", ".join(str(file) for file in files)
    for file in files:
        if not file.is_file():
            raise InputError(f"there is no file {file}")
    reader = READERS.get(files[0].suffix)
    if reader is None:
        raise InputError(f"{label} is of no known format: data files end in {', '.join(READERS)}")
    # A cache of its own, gone at once: a run leaves nothing behind and needs no writable home.
    with tempfile.TemporaryDirectory(prefix="nasbench-") as cache, _quiet():
        try:
            rows = reader([glob.escape(str(file)) for file in files], cache_dir=cache, keep_in_memory=True)
        except (OSError, ValueError, StopIteration, datasets.exceptions.DatasetsError) as error:
            cause = error.__cause__ or error
            reason = " ".join(str(cause).split())[:200] or "it is blank"
            kind = files[0].suffix[1:]
            raise InputError(
                f"{label} has no rows that can be read as {kind} (is it empty, cut short or damaged?): {reason}"
            ) from error
    missing = [column for column in columns if column not in rows.column_names]
    if missing:
        raise InputError(
            f"{label} has no column {missing[0]}: the task needs {', '.join(columns)}, and there are "
            f"{', '.join(rows.column_names)}"
        )
    return rows.select_columns(list(columns))


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither progress bars nor log lines from `datasets`, whose settings are as before afterwards."""
    bars, verbosity = datasets.are_progress_bars_disabled(), datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    try:
        yield
    finally:
        datasets.logging.set_verbosity(verbosity)
        if not bars:
            datasets.enable_progress_bars()
