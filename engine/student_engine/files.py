"""Files that survive a crash, and JSON lines that say where they are wrong."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .errors import InputError
from .prompt_turns import check_prompt

TEMPORARY_PREFIX = ".tmp-"
_TOKENIZER_FILES = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "chat_template*",
)


def write_json_atomically(path: Path, value: Any) -> None:
    """A reader sees the whole of it or nothing, also after a power cut."""
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Makes the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Makes all files below a directory durable, and their names."""
    for folder, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                os.fsync(file.fileno())
        sync_directory(Path(folder))


def remove_temporary(directory: Path) -> None:
    """What a killed attempt had half written."""
    for leftover in directory.glob(f"{TEMPORARY_PREFIX}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_tokenizer_files(base: str, directory: Path) -> None:
    """The base's own, byte for byte: saving a loaded tokenizer may write other files."""
    for pattern in _TOKENIZER_FILES:
        for path in sorted(Path(base).glob(pattern)):
            if path.is_file():
                shutil.copyfile(path, directory / path.name)


def make_readable(directory: Path) -> None:
    """Gives every file the mode of an ordinary new one; what writes weights keeps them from everyone else."""
    mask = os.umask(0)
    os.umask(mask)
    for path in directory.rglob("*"):
        if path.is_file():
            path.chmod(0o666 & ~mask)


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """JSON lines, one record a line, in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def read_records(paths: list[str], fields: dict[str, type | tuple[type, ...]]) -> list[dict[str, Any]]:
    """
    The records of several JSON-lines files, in order, each with at least `fields` of the types given.
    A record without an `id` gets its position. Raises `InputError` with file, line and field.
    """
    records: list[dict[str, Any]] = []
    for name in paths:
        for number, line in enumerate(_lines(name), start=1):
            if not line.strip():
                continue
            record = _parse(line, f"{name}:{number}")
            _check_fields(record, fields, f"{name}:{number}")
            if "prompt" in fields:
                check_prompt(record["prompt"], f"{name}:{number}")
            record["id"] = str(record.get("id", len(records)))
            records.append(record)
    return records


def count_records(paths: list[str]) -> int:
    """How many lines with something in them, unread."""
    count = 0
    for name in paths:
        with open(name, "rb") as file:
            count += sum(1 for line in file if line.strip())
    return count


def _lines(name: str) -> list[str]:
    try:
        with open(name, encoding="utf-8") as file:
            # Not splitlines(): that also cuts at characters which JSON strings may hold as they are.
            return file.read().split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}.") from error
    except OSError as error:
        raise InputError(f"Cannot read the input file {name}: {error.strerror}.") from error


def _parse(line: str, place: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place} is not a line of JSON: {error}.") from error
    if not isinstance(record, dict):
        raise InputError(f"{place} must be a JSON object, got {type(record).__name__}.")
    return record


def _check_fields(record: dict[str, Any], fields: dict[str, type | tuple[type, ...]], place: str) -> None:
    for field, kind in fields.items():
        if field not in record:
            raise InputError(f"{place} has no `{field}`; it has {', '.join(map(repr, record)) or 'nothing'}.")
        if not isinstance(record[field], kind):
            raise InputError(f"{place}: `{field}` has the wrong type {type(record[field]).__name__}.")
