"""Embeddings of prompts: the mean of the student's last hidden states, of unit length."""

from __future__ import annotations

from typing import Any

import numpy
import torch

from ..batching import by_length
from ..errors import InputError
from ..files import read_records
from ..job import Job
from ..models import ModelCache, Student
from ..prompt_turns import PROMPT_TYPES

_BATCH_TOKENS = 8192


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """`embeddings.npy`: one fp32 row for each prompt, in input order."""
    parameters = job.parameters
    budget = parameters.integer("batchTokens", _BATCH_TOKENS, least=1)
    parameters.done()
    rows = read_records(job.input("prompts"), {"prompt": PROMPT_TYPES})
    with job.long_step("loading the student"):
        student = models.get(job.spec.get("model"))
    names = [row["id"] for row in rows]
    prompts = student.renderer.prompts([row["prompt"] for row in rows], names)
    for name, ids in zip(names, prompts, strict=True):
        if len(ids) > student.context:
            raise InputError(f"Row {name!r} has {len(ids)} tokens; the student's context is {student.context}.")
    embeddings = numpy.zeros((len(rows), student.width), dtype=numpy.float32)
    done = 0
    for batch in by_length([len(ids) for ids in prompts], budget):
        job.check()
        embeddings[batch] = _mean_states(student, [prompts[index] for index in batch]).cpu().numpy()
        done += len(batch)
        job.progress(done, len(rows), "rows")
    numpy.save(job.output("embeddings.npy"), embeddings)
    return {"rows": len(rows), "dimensions": student.width}, {"embeddings": "output/embeddings.npy"}


@torch.inference_mode()
def _mean_states(student: Student, prompts: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, prompts))
    ids = torch.tensor([prompt + [student.renderer.end] * (longest - len(prompt)) for prompt in prompts])
    real = torch.tensor([[1.0] * len(prompt) + [0.0] * (longest - len(prompt)) for prompt in prompts])
    hidden = student.transform(input_ids=ids.to(student.device), use_cache=False).last_hidden_state.float()
    # Means and sums have the same direction.
    return torch.nn.functional.normalize((hidden * real.to(student.device)[:, :, None]).sum(1), dim=-1)
