"""Statistics of given answers. Logits exist only for answer positions and only one chunk of them at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from .models import Student
from .rendering import Sequence

# Logits of one chunk: 2^25 numbers are 128 MiB in fp32, and a few tensors of that size are alive together.
_LOGITS_PER_CHUNK = 1 << 25
_POSITIONS_PER_CHUNK_MAX = 16384


@dataclass(frozen=True)
class Answers:
    """The answer positions of one batch, flattened: hidden state `hidden[i]` of row `rows[i]` predicts `labels[i]`."""

    hidden: torch.Tensor
    labels: torch.Tensor
    rows: torch.Tensor


def answer_states(student: Student, sequences: list[Sequence]) -> Answers:
    """
    One forward pass. Rows are padded on the right and need no mask: attention is causal, so no real token sees a pad,
    and which id pads does not matter.
    """
    longest = max(len(sequence.ids) for sequence in sequences)
    ids: list[list[int]] = []
    positions: list[int] = []
    labels: list[int] = []
    rows: list[int] = []
    for row, sequence in enumerate(sequences):
        ids.append(sequence.ids + [student.renderer.end] * (longest - len(sequence.ids)))
        positions += range(row * longest + sequence.start - 1, row * longest + len(sequence.ids) - 1)
        labels += sequence.answer
        rows += [row] * len(sequence.answer)

    def tensor(values: list[Any]) -> torch.Tensor:
        return torch.tensor(values, device=student.device)

    hidden = student.transform(input_ids=tensor(ids), use_cache=False).last_hidden_state
    # index_select of a flat table: its gradient is a plain sum in order, which fancy indexing does not promise.
    taken = hidden.flatten(0, 1).index_select(0, tensor(positions))
    return Answers(taken, tensor(labels), tensor(rows))


def chunk_size(student: Student) -> int:
    """Answer positions whose logits are alive together."""
    return max(1, min(_POSITIONS_PER_CHUNK_MAX, _LOGITS_PER_CHUNK // student.vocabulary))


@torch.inference_mode()
def answer_statistics(student: Student, sequences: list[Sequence]) -> tuple[list[float], list[float]]:
    """Per row: the sum of negative log-likelihoods and the sum of predictive entropies, in nats, softmax in fp32."""
    answers = answer_states(student, sequences)
    size = chunk_size(student)
    losses, entropies = [], []
    for hidden, labels in zip(answers.hidden.split(size), answers.labels.split(size), strict=True):
        log_probabilities = torch.log_softmax(student.head(hidden), dim=-1)
        losses.append(-log_probabilities.gather(1, labels[:, None])[:, 0])
        # xlogy-like: a probability of zero has a finite log here, so the product is zero, never NaN.
        entropies.append(-(log_probabilities.exp() * log_probabilities).sum(-1))
    return _sum_by_row(losses, answers.rows, len(sequences)), _sum_by_row(entropies, answers.rows, len(sequences))


def _sum_by_row(values: list[torch.Tensor], rows: torch.Tensor, count: int) -> list[float]:
    # On the CPU in fp64: index_add on a GPU has no fixed order, and thousands of tokens lose digits in fp32.
    flat = torch.cat(values).cpu().double()
    return torch.zeros(count, dtype=torch.float64).index_add_(0, rows.cpu(), flat).tolist()
