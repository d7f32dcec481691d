"""The student's own answers to prompts, greedy or sampled."""

from __future__ import annotations

from typing import Any

from ..batching import by_exact_length
from ..decoding import Request, Sampling, decode
from ..files import read_records, write_records
from ..job import Job
from ..models import ModelCache

_BATCH_TOKENS = 16384


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """Lines `{id, text, tokenIds, finish}` in input order; `tokenIds` hold the end token when it was generated."""
    parameters = job.parameters
    most = parameters.integer("maxNewTokens", least=1)
    budget = parameters.integer("batchTokens", _BATCH_TOKENS, least=1)
    sampling = Sampling(parameters.number("temperature", 0.0, least=0.0), parameters.integer("seed", 0))
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
    done = 0
    for batch in by_exact_length([len(ids) for ids in prompts], most, budget):
        job.check()
        for index, answer in zip(batch, decode(student, [requests[i] for i in batch], sampling), strict=True):
            answers[index] = answer
        done += len(batch)
        job.progress(done, len(rows), "rows")
    write_records(
        job.output("predictions.jsonl"),
        (
            {
                "id": name,
                "text": student.renderer.text(answer),
                "tokenIds": answer,
                "finish": "stop" if answer and answer[-1] in student.renderer.ends else "length",
            }
            for name, answer in zip(names, answers, strict=True)
        ),
    )
    metrics = {"rows": len(rows), "tokens": sum(map(len, answers))}
    return metrics, {"predictions": "output/predictions.jsonl"}


def _warn_of_long_prompts(job: Job, requests: list[Request], context: int) -> None:
    long = [request.name for request in requests if request.limit == 0]
    if long:
        job.warn(
            f"{len(long)} prompts fill the context of {context} tokens and get an empty answer, first {long[0]!r}."
        )
