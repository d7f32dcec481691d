"""The student's own answers to prompts, greedy or sampled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..batching import by_exact_length, share
from ..decoding import decode_in_parts
from ..files import count_records, read_records, write_records
from ..job import Job
from ..memory import batch_tokens
from ..models import ModelCache, Student
from ..prompt_turns import PROMPT_TYPES
from ..prompting import Options, line_of, read_options, read_prompts


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Lines `{id, text, tokenIds, finish}` in input order; `tokenIds` hold the end token when it was generated. `finish`
    is `stop`, `length` (the answer was cut, at the limit or at the end of the context) or `unreadable` (a prompt that
    the student cannot read: no answer). With several `answers` a prompt, the others are in `others`, each with these
    keys but the id. A shard gives the lines of its own rows. Batches are planned for each file alone, and one file is
    in memory at a time.
    """
    options = read_options(job.parameters, "transformers")
    files = job.input("prompts")
    with job.long_step("loading the student"):
        student = models.get(job.spec.get("model"))
    metrics = {"rows": 0, "tokens": 0}
    total = count_records(files) if len(files) > 1 else None
    lines = (line for name in files for line in _answered(job, student, name, options, metrics, total))
    write_records(job.output("predictions.jsonl"), lines)
    return metrics, {"predictions": "output/predictions.jsonl"}


def _answered(
    job: Job, student: Student, name: str, options: Options, metrics: dict[str, int], total: int | None
) -> Iterator[dict[str, Any]]:
    prompts = read_prompts(job, student, read_records([name], {"prompt": PROMPT_TYPES}), options)
    budget = max(1, (options.budget or batch_tokens(student)) // options.answers)
    plan = by_exact_length(
        [len(ids) for ids in prompts.ids],
        options.most,
        budget,
        may_mix=not student.is_recurrent,
        is_costly=student.device.type == "cuda",
    )
    batches, own = share(plan, len(prompts.ids), *options.share)
    answers: dict[int, list[list[int]]] = {}
    done = metrics["rows"]
    for batch in batches:
        job.check()
        requests = [request for index in batch for request in prompts.requests(index)]
        decoded = decode_in_parts(student, requests, options.sampling, job.alive)
        for place, index in enumerate(batch):
            answers[index] = decoded[place * options.answers : (place + 1) * options.answers]
        done += len(batch)
        job.progress(done, len(own) if total is None else total, "rows")
    metrics["rows"] += len(own)
    metrics["tokens"] += sum(len(answer) for several in answers.values() for answer in several)
    for index in own:
        yield line_of(student.renderer, prompts, index, answers.get(index, [[]] * options.answers))
