"""`predict` on vLLM: the same job, parameters and output as on transformers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..files import count_records, read_records, write_records
from ..job import Job
from ..prompt_turns import PROMPT_TYPES
from ..prompting import Options, line_of, read_options, read_prompts
from ..reader import Reader, checked_reference, load_reader
from ..vllm_runtime import VllmModels, is_batch_invariant


def run(job: Job, models: VllmModels) -> tuple[dict[str, Any], dict[str, str]]:
    """
    As `predict` on transformers. vLLM plans its own batches, so a row may fall otherwise at a tie than in an earlier
    attempt that was interrupted, unless the metric `batchInvariant` is true.
    """
    options = read_options(job.parameters, "vllm")
    files = job.input("prompts")
    reference = checked_reference(job.spec.get("model"))
    reader = load_reader(reference)
    metrics: dict[str, Any] = {"rows": 0, "tokens": 0, "batchInvariant": is_batch_invariant()}
    total = count_records(files) if len(files) > 1 else None
    lines = (
        line for name in files for line in _answered(job, models, (reference, reader), name, options, metrics, total)
    )
    write_records(job.output("predictions.jsonl"), lines)
    return metrics, {"predictions": "output/predictions.jsonl"}


def _answered(
    job: Job,
    models: VllmModels,
    student: tuple[dict[str, Any], Reader],
    name: str,
    options: Options,
    metrics: dict[str, Any],
    total: int | None,
) -> Iterator[dict[str, Any]]:
    reference, reader = student
    prompts = read_prompts(job, reader, read_records([name], {"prompt": PROMPT_TYPES}), options)
    shard, shards = options.share
    own = list(range(shard, len(prompts.ids), shards))
    requests = [request for index in own for request in prompts.requests(index)]
    before = metrics["rows"]

    def on_step(done: int) -> None:
        job.check()
        rows = done // options.answers
        job.progress(before + rows, len(own) if total is None else total, "rows")
        job.alive()

    job.check()
    with job.long_step("loading the student into vLLM"):
        models.load(reference, requests)
    answers = models.generate(reference, requests, options.sampling, on_step)
    metrics["rows"] += len(own)
    metrics["tokens"] += sum(map(len, answers))
    for place, index in enumerate(own):
        several = answers[place * options.answers : (place + 1) * options.answers]
        yield line_of(reader.renderer, prompts, index, several)
