"""Batched generation with a key-value cache. Own loop: `generate()` costs more than the tiny student's forward pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import torch
from transformers import DynamicCache

from .models import Student
from .randomness import numpy_stream


@dataclass(frozen=True)
class Request:
    """One prompt. `limit` is the most new tokens; `name` addresses its randomness when sampling."""

    name: str
    ids: list[int]
    limit: int


@dataclass(frozen=True)
class Sampling:
    """How the next token is taken: temperature 0 is greedy."""

    temperature: float
    seed: int


@torch.inference_mode()
def decode(student: Student, requests: list[Request], sampling: Sampling) -> list[list[int]]:
    """New token ids of each request, the end token included where the student ended its turn."""
    answers: list[list[int]] = [[] for _ in requests]
    alive = [index for index, request in enumerate(requests) if request.limit > 0]
    chances = _chances(requests, sampling)
    tokens, mask, positions = _prompt_tensors(student, [requests[index].ids for index in alive])
    cache = DynamicCache(config=student.causal.config)
    ends = student.renderer.ends
    rows = list(alive)  # which request each row of the tensors belongs to
    done: set[int] = set()
    for step in range(max((request.limit for request in requests), default=0)):
        inputs = {} if mask is None else {"attention_mask": mask, "position_ids": positions}
        hidden = student.transform(input_ids=tokens, past_key_values=cache, use_cache=True, **inputs)
        logits = student.head(hidden.last_hidden_state[:, -1])
        following = _next_tokens(logits, sampling, chances, rows, step)
        for index, token in zip(rows, following.tolist(), strict=True):
            if index not in done:
                answers[index].append(token)
                if token in ends or len(answers[index]) >= requests[index].limit:
                    done.add(index)
        if len(done) == len(alive):
            break
        tokens = following[:, None]
        if mask is not None:
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
            positions = positions[:, -1:] + 1
        kept = [place for place, index in enumerate(rows) if index not in done]
        # Finished rows are carried along until half of them are: dropping rows copies the whole cache.
        if 2 * len(kept) <= len(rows):
            selected = torch.tensor(kept, device=student.device)
            cache.batch_select_indices(selected)
            tokens, rows = tokens[selected], [rows[place] for place in kept]
            if mask is not None:
                mask, positions = mask[selected], positions[selected]
    return answers


def _prompt_tensors(
    student: Student, prompts: list[list[int]]
) -> tuple[torch.Tensor, ...] | tuple[torch.Tensor, None, None]:
    """Rows of one length need no mask; others are padded on the left, known by mask and position, not by pad id."""
    longest = max((len(ids) for ids in prompts), default=0)
    pad = student.renderer.end
    tokens = torch.tensor([[pad] * (longest - len(ids)) + ids for ids in prompts], device=student.device)
    if all(len(ids) == longest for ids in prompts):
        return tokens, None, None
    mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts], device=student.device)
    return tokens, mask, (mask.cumsum(1) - 1).clamp(min=0)


def _chances(requests: list[Request], sampling: Sampling) -> numpy.ndarray | None:
    """One uniform number per request and position, a function of seed and name: no sample depends on its batch."""
    if sampling.temperature == 0:
        return None
    longest = max((request.limit for request in requests), default=0)
    return numpy.stack([numpy_stream(sampling.seed, "sample", r.name).random(longest) for r in requests])


def _next_tokens(
    logits: torch.Tensor, sampling: Sampling, chances: numpy.ndarray | None, rows: list[int], step: int
) -> torch.Tensor:
    if chances is None:
        return logits.argmax(-1)
    # MPS has no fp64; elsewhere the tail of a large vocabulary would be lost in fp32.
    precise = torch.float32 if logits.device.type == "mps" else torch.float64
    cumulative = torch.softmax(logits / sampling.temperature, dim=-1).to(precise).cumsum(-1)
    drawn = torch.from_numpy(chances[rows, step]).to(precise).to(logits.device)[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, drawn, right=True)[:, 0].clamp(max=logits.shape[-1] - 1)
