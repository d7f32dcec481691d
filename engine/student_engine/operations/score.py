"""Loss and entropy of given answers under the student."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..answers import read_answers
from ..batching import by_length, share
from ..files import count_records, write_records
from ..job import Job
from ..models import ModelCache, Student
from ..scoring import answer_statistics

_BATCH_TOKENS = 8192
# Below the noise of fp32, so that the last bits never decide a rank.
_DECIMALS = 6


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Lines `{id, nllSum, tokens, entropySum}` in input order; an empty answer has 0 tokens and so no mean. A shard gives
    the lines of its own rows. Each file is planned by itself, and no two are held at once.
    """
    parameters = job.parameters
    budget = parameters.integer("batchTokens", _BATCH_TOKENS, least=1)
    shard = parameters.shard()
    parameters.done()
    files = job.input("answers")
    student = models.get(job.spec.get("model"))
    metrics = {"rows": 0, "emptyRows": 0, "tokens": 0}
    rows = count_records(files) if len(files) > 1 else None
    lines = (line for name in files for line in _scored(job, student, name, (budget, shard), metrics, rows))
    write_records(job.output("scores.jsonl"), lines)
    return metrics, {"scores": "output/scores.jsonl"}


def _scored(
    job: Job,
    student: Student,
    name: str,
    options: tuple[int, tuple[int, int]],
    metrics: dict[str, int],
    rows: int | None,
) -> Iterator[dict[str, Any]]:
    budget, shard = options
    names, sequences = read_answers(job, student, [name])
    lines = [{"id": name, "nllSum": 0.0, "tokens": 0, "entropySum": 0.0} for name in names]
    scored = [index for index, sequence in enumerate(sequences) if sequence is not None]
    plan = [
        [scored[place] for place in batch]
        for batch in by_length([len(sequences[index].ids) for index in scored], budget)
    ]
    batches, own = share(plan, len(names), *shard)
    before, done, total = metrics["rows"], 0, sum(map(len, batches))
    for indices in batches:
        job.check()
        losses, entropies = answer_statistics(student, [sequences[index] for index in indices])
        for index, loss, entropy in zip(indices, losses, entropies, strict=True):
            lines[index] |= {
                "nllSum": round(loss, _DECIMALS),
                "tokens": len(sequences[index].answer),
                "entropySum": round(entropy, _DECIMALS),
            }
        done += len(indices)
        job.progress(before + done, total if rows is None else rows, "rows")
    lines = [lines[index] for index in own]
    metrics["rows"] += len(lines)
    metrics["emptyRows"] += len(lines) - total
    metrics["tokens"] += sum(line["tokens"] for line in lines)
    yield from lines
