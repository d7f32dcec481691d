"""Reads the `answers` input that scoring and gradient sketches share: prompts with given token ids or given text."""

from __future__ import annotations

from .errors import InputError
from .files import read_records
from .job import Job
from .models import Student
from .rendering import Sequence


def read_answers(job: Job, student: Student, files: list[str]) -> tuple[list[str], list[Sequence | None]]:
    """
    Ids and sequences in input order. Generated `tokenIds` are taken as they are (decoding and encoding again is not the
    identity); an `answer` text gets its end token. `None`: an empty answer, or one that is longer than the context.
    """
    rows = read_records(files, {"prompt": str})
    given = [row for row in rows if row.get("tokenIds") is not None]
    written = [row for row in rows if row.get("tokenIds") is None]
    for row in rows:
        _check(row, student.vocabulary)
    sequences: dict[int, Sequence] = {}
    heads = student.renderer.prompts([row["prompt"] for row in given], [row["id"] for row in given])
    for row, head in zip(given, heads, strict=True):
        sequences[id(row)] = Sequence(head + row["tokenIds"], len(head))
    pairs, apart = student.renderer.pairs(
        [row["prompt"] for row in written], [row["answer"] for row in written], [row["id"] for row in written]
    )
    sequences |= {id(row): pair for row, pair in zip(written, pairs, strict=True)}
    warn_of_apart(job, apart)
    ordered = [sequences[id(row)] for row in rows]
    long = [row["id"] for row, sequence in zip(rows, ordered, strict=True) if len(sequence.ids) > student.context]
    if long:
        job.warn(f"{len(long)} rows are longer than the context of {student.context} tokens, first {long[0]!r}.")
    usable = [s if s.answer and len(s.ids) <= student.context else None for s in ordered]
    return [row["id"] for row in rows], usable


def warn_of_apart(job: Job, apart: list[str]) -> None:
    """Says which rows were tokenised apart, and what it means."""
    if apart:
        job.warn(
            f"In {len(apart)} rows the prompt's tokens change when the answer follows (first {apart[0]!r}); "
            "their answers are tokenised apart, as the student reads them when it predicts."
        )


def _check(row: dict, vocabulary: int) -> None:
    ids = row.get("tokenIds")
    if ids is None and not isinstance(row.get("answer"), str):
        raise InputError(f"Row {row['id']!r} needs `tokenIds` or a text `answer`.")
    if ids is not None and not (
        isinstance(ids, list) and all(type(token) is int and 0 <= token < vocabulary for token in ids)
    ):
        raise InputError(f"Row {row['id']!r}: `tokenIds` must be whole numbers from 0 to {vocabulary - 1}.")
