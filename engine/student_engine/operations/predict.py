"""The student's own answers to prompts, greedy or sampled."""

from __future__ import annotations

from typing import Any

from ..batching import by_exact_length, share
from ..decoding import Request, Sampling, decode
from ..files import read_records, write_records
from ..job import Job
from ..models import ModelCache

_BATCH_TOKENS = 16384


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Lines `{id, text, tokenIds, finish}` in input order; `tokenIds` hold the end token when it was generated. A shard
    gives the lines of its own rows.
    """
    parameters = job.parameters
    most = parameters.integer("maxNewTokens", least=1)
    budget = parameters.integer("batchTokens", _BATCH_TOKENS, least=1)
    sampling = Sampling(parameters.number("temperature", 0.0, least=0.0), parameters.integer("seed", 0))
    shard = parameters.shard()
    parameters.done()
    rows = read_records(job.input("prompts"), {"prompt": str})
    student = models.get(job.spec.get("model"))
    names = [row["id"] for row in rows]
    prompts = student.renderer.prompts([row["prompt"] for row in rows], names)
    requests = [
        Request(name, ids, max(0, min(most, student.context - len(ids))))
        for name, ids in zip(names, prompts, strict=True)
    ]
    _warn_of_long_prompts(job, requests, student.context)
    answers: list[list[int]] = [[] for _ in requests]
    batches, own = share(by_exact_length([len(ids) for ids in prompts], most, budget), len(rows), *shard)
    done = 0
    for batch in batches:
        job.check()
        for index, answer in zip(batch, decode(student, [requests[i] for i in batch], sampling), strict=True):
            answers[index] = answer
        done += len(batch)
        job.progress(done, len(own), "rows")
    write_records(
        job.output("predictions.jsonl"),
        (
            {
                "id": names[index],
                "text": student.renderer.text(answers[index]),
                "tokenIds": answers[index],
                "finish": "stop" if answers[index] and answers[index][-1] in student.renderer.ends else "length",
            }
            for index in own
        ),
    )
    metrics = {"rows": len(own), "tokens": sum(map(len, answers))}
    return metrics, {"predictions": "output/predictions.jsonl"}


def _warn_of_long_prompts(job: Job, requests: list[Request], context: int) -> None:
    long = [request.name for request in requests if request.limit == 0]
    if long:
        job.warn(
            f"{len(long)} prompts fill the context of {context} tokens and get an empty answer, first {long[0]!r}."
        )
