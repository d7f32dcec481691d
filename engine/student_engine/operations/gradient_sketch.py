"""
A sketch of the gradient that a row's answer would give the output layer: the embedding of BADGE (Ash et al. 2020,
arXiv 1906.03671). Distances between sketches approximate those between gradients, so k-means++ over them takes rows
that are both hard and unlike each other.

The gradient of the mean loss is G = (1/n) sum_t (p_t - onehot(y_t)) h_t^T, too large to build for a real vocabulary.
(1/n) sum_t (R_e^T (p_t - y_t)) (x) (R_h^T h_t) with seeded random R has the same inner products in expectation, and
one more seeded dense projection brings it to a few hundred numbers. Where G itself is small it is projected as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy
import torch

from ..answers import read_answers
from ..batching import by_length, share
from ..job import Job
from ..models import ModelCache, Student
from ..randomness import torch_stream
from ..rendering import Sequence
from ..scoring import answer_states, chunk_size

_BATCH_TOKENS = 8192
_DIMENSIONS = 512
_SIDE = 64
# Up to this size the gradient is built and projected whole: 512 numbers then keep its distances to about 4 %.
_EXACT_SIZE_MAX = 1 << 14


@dataclass(frozen=True)
class Projections:
    """Random matrices, `None` for the identity."""

    errors: torch.Tensor | None
    hidden: torch.Tensor | None
    final: torch.Tensor | None
    dimensions: int


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    `gradient-sketches.npy`: one fp32 row for each input row, in input order; a row of NaN where there is no answer. A
    shard holds its own rows, and `rows.npy` says which rows of the input they are.
    """
    parameters = job.parameters
    budget = parameters.integer("batchTokens", _BATCH_TOKENS, least=1)
    dimensions = parameters.integer("dimensions", _DIMENSIONS, least=1)
    side = parameters.integer("side", _SIDE, least=1)
    seed = parameters.integer("seed")
    shard, shards = parameters.shard()
    parameters.done()
    with job.long_step("loading the student"):
        student = models.get(job.spec.get("model"))
    count = 0
    usable: dict[int, Sequence] = {}
    plan: list[list[int]] = []
    for name in job.input("answers"):
        _, sequences = read_answers(job, student, [name])
        of_file = {count + i: sequence for i, sequence in enumerate(sequences) if sequence is not None}
        plan += _batches(of_file, budget)
        usable |= of_file
        count += len(sequences)
    projections = make_projections(student, seed, side, dimensions)
    batches, own = share(plan, count, shard, shards)
    sketches = numpy.full((len(own), projections.dimensions), numpy.nan, dtype=numpy.float32)
    positions = {index: position for position, index in enumerate(own)}
    done, total = 0, sum(map(len, batches))
    for indices in batches:
        job.check()
        batch = gradient_sketches(student, [usable[i] for i in indices], projections)
        sketches[[positions[index] for index in indices]] = batch.cpu().numpy()
        done += len(indices)
        job.progress(done, total, "rows")
    numpy.save(job.output("gradient-sketches.npy"), sketches)
    metrics = {"rows": len(own), "emptyRows": len(own) - total, "dimensions": projections.dimensions}
    outputs = {"gradient-sketches": "output/gradient-sketches.npy"}
    if shards > 1:
        numpy.save(job.output("rows.npy"), numpy.array(own, dtype=numpy.int64))
        outputs["rows"] = "output/rows.npy"
    return metrics, outputs


def _batches(sequences: dict[int, Sequence], budget: int) -> list[list[int]]:
    """Row numbers, batch by batch. Each file is planned alone, so other files change no row's batch."""
    rows = list(sequences)
    lengths = [len(sequence.ids) for sequence in sequences.values()]
    return [[rows[position] for position in batch] for batch in by_length(lengths, budget)]


def make_projections(student: Student, seed: int, side: int, dimensions: int) -> Projections:
    """The random matrices of one seed, drawn on the CPU so that every device has the same."""

    def gaussian(name: str, rows: int, columns: int) -> torch.Tensor:
        drawn = torch.randn(rows, columns, generator=torch_stream(seed, "sketch", name))
        return (drawn / columns**0.5).to(student.device)

    if student.vocabulary * student.width <= _EXACT_SIZE_MAX:
        errors = hidden = None
        size = student.vocabulary * student.width
    else:
        errors = gaussian("errors", student.vocabulary, side)
        hidden = gaussian("hidden", student.width, side)
        size = side * side
    final = gaussian("final", size, dimensions) if size > dimensions else None
    return Projections(errors, hidden, final, min(size, dimensions))


@torch.inference_mode()
def gradient_sketches(student: Student, sequences: list[Sequence], projections: Projections) -> torch.Tensor:
    """One sketch a row, fp32."""
    answers = answer_states(student, sequences)
    size = chunk_size(student)
    errors = []
    for hidden, labels in zip(answers.hidden.split(size), answers.labels.split(size), strict=True):
        error = torch.softmax(student.head(hidden), dim=-1)
        error[torch.arange(len(labels), device=labels.device), labels] -= 1.0
        errors.append(error if projections.errors is None else error @ projections.errors)
    hidden = answers.hidden.float()
    if projections.hidden is not None:
        hidden = hidden @ projections.hidden
    counts = [len(sequence.answer) for sequence in sequences]
    pairs = zip(torch.cat(errors).split(counts), hidden.split(counts), strict=True)
    gradients = torch.stack([(e.T @ h).flatten() / len(e) for e, h in pairs])
    return gradients if projections.final is None else gradients @ projections.final
