"""Loss and entropy of given answers under the student."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..answers import answer_sequences, with_others
from ..batching import by_length, share
from ..files import count_records, read_records, write_records
from ..job import Job
from ..models import ModelCache, Student
from ..prompt_turns import PROMPT_TYPES
from ..scoring import answer_statistics

_BATCH_TOKENS = 8192
# Below the noise of fp32, so that the last bits never decide a rank.
_DECIMALS = 6


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Lines `{id, nllSum, tokens, entropySum}` in input order; an empty answer has 0 tokens and no mean. Where a row has
    `others`, the tokens of further answers, each number is the mean over all of them. A shard gives the lines of its
    own rows. Batches are planned for each file alone, and one file is in memory at a time.
    """
    parameters = job.parameters
    budget = parameters.integer("batchTokens", _BATCH_TOKENS, least=1)
    shard = parameters.shard()
    parameters.done()
    files = job.input("answers")
    with job.long_step("loading the student"):
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
    rows_read = read_records([name], {"prompt": PROMPT_TYPES})
    if any(row.get("others") for row in rows_read):
        yield from _means(job, student, rows_read, options, metrics)
        return
    names, sequences = answer_sequences(job, student, rows_read)
    lines: list[dict[str, Any]] = [{"id": name, "nllSum": 0.0, "tokens": 0, "entropySum": 0.0} for name in names]
    usable = {index: sequence for index, sequence in enumerate(sequences) if sequence is not None}
    scored = list(usable)
    lengths = [len(sequence.ids) for sequence in usable.values()]
    plan = [[scored[position] for position in batch] for batch in by_length(lengths, budget)]
    batches, own = share(plan, len(names), *shard)
    before, done, total = metrics["rows"], 0, sum(map(len, batches))
    for indices in batches:
        job.check()
        losses, entropies = answer_statistics(student, [usable[index] for index in indices])
        for index, loss, entropy in zip(indices, losses, entropies, strict=True):
            lines[index] |= {
                "nllSum": round(loss, _DECIMALS),
                "tokens": len(usable[index].answer),
                "entropySum": round(entropy, _DECIMALS),
            }
        done += len(indices)
        job.progress(before + done, total if rows is None else rows, "rows")
    lines = [lines[index] for index in own]
    metrics["rows"] += len(lines)
    metrics["emptyRows"] += len(lines) - total
    metrics["tokens"] += sum(line["tokens"] for line in lines)
    yield from lines


def _means(
    job: Job,
    student: Student,
    rows: list[dict[str, Any]],
    options: tuple[int, tuple[int, int]],
    metrics: dict[str, int],
) -> Iterator[dict[str, Any]]:
    """The lines of rows with several answers: a row is scored with all of them, whatever shard has it."""
    budget, (shard, shards) = options
    own = rows[shard::shards]
    several, counts = with_others(own)
    _, sequences = answer_sequences(job, student, several)
    sums = [[0.0, 0, 0.0] for _ in several]
    usable = [index for index, sequence in enumerate(sequences) if sequence is not None]
    done = 0
    for batch in by_length([len(sequence.ids) for sequence in sequences if sequence is not None], budget):
        job.check()
        indices = [usable[position] for position in batch]
        chosen = [sequence for sequence in (sequences[index] for index in indices) if sequence is not None]
        for index, sequence, loss, entropy in zip(indices, chosen, *answer_statistics(student, chosen), strict=True):
            sums[index] = [loss, len(sequence.answer), entropy]
        done += len(batch)
        job.progress(done, len(usable), "answers")
    first = 0
    for row, count in zip(own, counts, strict=True):
        nll, tokens, entropy = (sum(values) / count for values in zip(*sums[first : first + count], strict=True))
        first += count
        metrics["rows"] += 1
        metrics["emptyRows"] += tokens == 0
        metrics["tokens"] += round(tokens * count)
        yield {
            "id": row["id"],
            "nllSum": round(nll, _DECIMALS),
            "tokens": tokens,
            "entropySum": round(entropy, _DECIMALS),
        }
