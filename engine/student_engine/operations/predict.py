"""The student's own answers to prompts, greedy or sampled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..batching import by_exact_length, share
from ..decoding import Request, Sampling, decode
from ..files import count_records, read_records, write_records
from ..job import Job
from ..models import ModelCache, Student

_BATCH_TOKENS = 16384


@dataclass(frozen=True)
class Options:
    """The parameters of the operation; `share` is the shard and how many there are."""

    most: int
    budget: int
    sampling: Sampling
    share: tuple[int, int]


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Lines `{id, text, tokenIds, finish}` in input order; `tokenIds` hold the end token when it was generated. A shard
    gives the lines of its own rows. Each file is planned by itself, and no two are held at once.
    """
    parameters = job.parameters
    most = parameters.integer("maxNewTokens", least=1)
    budget = parameters.integer("batchTokens", _BATCH_TOKENS, least=1)
    sampling = Sampling(parameters.number("temperature", 0.0, least=0.0), parameters.integer("seed", 0))
    options = Options(most, budget, sampling, parameters.shard())
    parameters.done()
    files = job.input("prompts")
    student = models.get(job.spec.get("model"))
    metrics = {"rows": 0, "tokens": 0}
    total = count_records(files) if len(files) > 1 else None
    lines = (line for name in files for line in _answered(job, student, name, options, metrics, total))
    write_records(job.output("predictions.jsonl"), lines)
    return metrics, {"predictions": "output/predictions.jsonl"}


def _answered(
    job: Job, student: Student, name: str, options: Options, metrics: dict[str, int], total: int | None
) -> Iterator[dict[str, Any]]:
    rows = read_records([name], {"prompt": str})
    names = [row["id"] for row in rows]
    prompts = student.renderer.prompts([row["prompt"] for row in rows], names)
    requests = [
        Request(name, ids, max(0, min(options.most, student.context - len(ids))))
        for name, ids in zip(names, prompts, strict=True)
    ]
    _warn_of_long_prompts(job, requests, student.context)
    answers: list[list[int]] = [[] for _ in requests]
    plan = by_exact_length([len(ids) for ids in prompts], options.most, options.budget)
    batches, own = share(plan, len(rows), *options.share)
    done = metrics["rows"]
    for batch in batches:
        job.check()
        for index, answer in zip(batch, decode(student, [requests[i] for i in batch], options.sampling), strict=True):
            answers[index] = answer
        done += len(batch)
        job.progress(done, len(own) if total is None else total, "rows")
    metrics["rows"] += len(own)
    metrics["tokens"] += sum(map(len, answers))
    for index in own:
        yield {
            "id": names[index],
            "text": student.renderer.text(answers[index]),
            "tokenIds": answers[index],
            "finish": "stop" if answers[index] and answers[index][-1] in student.renderer.ends else "length",
        }


def _warn_of_long_prompts(job: Job, requests: list[Request], context: int) -> None:
    long = [request.name for request in requests if request.limit == 0]
    if long:
        job.warn(
            f"{len(long)} prompts fill the context of {context} tokens and get an empty answer, first {long[0]!r}."
        )
