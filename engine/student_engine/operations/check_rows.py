"""Which rows a student can read, hold and learn to write: asked before a row counts as accepted."""

from __future__ import annotations

from typing import Any

from ..files import read_records, write_records
from ..job import Job
from ..models import ModelCache
from ..prompt_turns import PROMPT_TYPES
from ..reader import Reader, checked_reference, load_reader
from ..rendering import Sequence, Unreadable


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Lines `{id, tokens, rejection}` in input order; `rejection` is `null`, or why a finetune would have to leave the row
    out, as the predicate of a sentence about it. Reads the tokenizer and no weights.
    """
    job.parameters.done()
    reader = load_reader(checked_reference(job.spec.get("model")))
    rows = read_records(job.input("rows"), {"prompt": PROMPT_TYPES, "answer": str})
    pairs = reader.renderer.read_pairs([row["prompt"] for row in rows], [row["answer"] for row in rows])
    lines = [
        {
            "id": row["id"],
            "tokens": 0 if isinstance(pair, Unreadable) else len(pair.ids),
            "rejection": rejection(reader, pair),
        }
        for row, pair in zip(rows, pairs, strict=True)
    ]
    write_records(job.output("checked-rows.jsonl"), lines)
    rejected = sum(line["rejection"] is not None for line in lines)
    return {"rows": len(rows), "rejectedRows": rejected}, {"checked-rows": "output/checked-rows.jsonl"}


def rejection(reader: Reader, pair: Sequence | Unreadable) -> str | None:
    """Why the row is of no use to this student; `None` where it is."""
    if isinstance(pair, Unreadable):
        return pair.reason
    if len(pair.ids) > reader.context:
        return f"is longer than the {reader.context} tokens that the student can hold"
    if any(token >= reader.vocabulary for token in pair.ids):
        return "has a token for which the student has no embedding"
    if any(reader.renderer.is_unknown(token) for token in pair.answer):
        return "has an answer with characters that the student cannot write"
    return None
