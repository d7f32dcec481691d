"""Reads the `answers` input that scoring and gradient sketches share: prompts with given token ids or given text."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from typing import TYPE_CHECKING, Any

from .errors import InputError
from .files import read_records
from .job import Job
from .prompt_turns import PROMPT_TYPES
from .rendering import Sequence, Unreadable

if TYPE_CHECKING:
    from .models import Student


def read_answers(job: Job, student: Student, files: list[str]) -> tuple[list[str], list[Sequence | None]]:
    """Ids and sequences of the rows of files, as `answer_sequences`."""
    return answer_sequences(job, student, read_records(files, {"prompt": PROMPT_TYPES}))


def answer_sequences(job: Job, student: Student, rows: list[dict[str, Any]]) -> tuple[list[str], list[Sequence | None]]:
    """
    Ids and sequences in input order. Generated `tokenIds` are taken as they are (decoding and encoding again is not the
    identity); an `answer` text gets its end token. `None`: an empty answer, one that is longer than the context, or one
    that the student cannot read.
    """
    for row in rows:
        _check(row, student.vocabulary)
    given = [row for row in rows if row.get("tokenIds") is not None]
    written = [row for row in rows if row.get("tokenIds") is None]
    read: dict[int, Sequence | Unreadable] = {}
    heads = student.renderer.read_prompts([row["prompt"] for row in given])
    for row, head in zip(given, heads, strict=True):
        read[id(row)] = head if isinstance(head, Unreadable) else Sequence(head + row["tokenIds"], len(head))
    pairs = student.renderer.read_pairs([row["prompt"] for row in written], [row["answer"] for row in written])
    read |= {id(row): pair for row, pair in zip(written, pairs, strict=True)}
    names = [row["id"] for row in rows]
    ordered = [read[id(row)] for row in rows]
    warn_of_unreadable(job, names, ordered)
    warn_of_apart(job, names, ordered)
    sequences = [None if isinstance(one, Unreadable) else one for one in ordered]
    long = [name for name, s in zip(names, sequences, strict=True) if s and len(s.ids) > student.context]
    if long:
        job.warn(f"{len(long)} rows are longer than the context of {student.context} tokens, first {long[0]!r}.")
    return names, [s if s and s.answer and len(s.ids) <= student.context else None for s in sequences]


def with_others(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[int]]:
    """Rows with `others`, the tokens of further answers, as one row an answer; and the answers of each row."""
    counts = [1 + len(row.get("others") or []) for row in rows]
    several = [
        {**row, "tokenIds": ids, "others": None} if answer else row
        for row in rows
        for answer, ids in enumerate([row.get("tokenIds"), *(row.get("others") or [])])
    ]
    return several, counts


def warn_of_unreadable(job: Job, names: list[str], read: SequenceOf[Any]) -> None:
    """Says which rows the student cannot read, and why the first of them."""
    bad = [(name, one.reason) for name, one in zip(names, read, strict=True) if isinstance(one, Unreadable)]
    if bad:
        name, reason = bad[0]
        job.warn(f"{len(bad)} of {len(names)} rows cannot be read by the student; row {name!r} {reason}.")


def warn_of_apart(job: Job, names: list[str], read: SequenceOf[Sequence | Unreadable]) -> None:
    """Says which rows were tokenised apart, and what it means."""
    apart = [name for name, one in zip(names, read, strict=True) if isinstance(one, Sequence) and one.apart]
    if apart:
        job.warn(
            f"In {len(apart)} rows the prompt's tokens change when the answer follows (first {apart[0]!r}); "
            "their answers are tokenised apart, as the student reads them when it predicts."
        )


def _check(row: dict[str, Any], vocabulary: int) -> None:
    ids = row.get("tokenIds")
    if ids is None and not isinstance(row.get("answer"), str):
        raise InputError(f"Row {row['id']!r} needs `tokenIds` or a text `answer`.")
    if ids is not None and not (
        isinstance(ids, list) and all(type(token) is int and 0 <= token < vocabulary for token in ids)
    ):
        raise InputError(f"Row {row['id']!r}: `tokenIds` must be whole numbers from 0 to {vocabulary - 1}.")
