"""
Batched generation with a cache of keys and values, or of states. Own loop: `generate()` costs more than the tiny
student's forward pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy
import torch

from .errors import InputError, is_out_of_memory
from .growing_cache import growing_cache
from .models import Student
from .randomness import numpy_stream
from .sampling import Request, Sampling


@torch.inference_mode()
def decode(
    student: Student, requests: list[Request], sampling: Sampling, on_token: Callable[[], None] = lambda: None
) -> list[list[int]]:
    """
    New token ids of each request, the end token included where the student ended its turn. `on_token` is called after
    every token of the batch. A recurrent student's requests must have prompts of one length: its state would take in
    the padding.
    """
    answers: list[list[int]] = [[] for _ in requests]
    alive = [index for index, request in enumerate(requests) if request.limit > 0]
    chances = _chances(requests, sampling)
    tokens, mask, positions = _prompt_tensors(student, [requests[index].ids for index in alive])
    if mask is not None and student.is_recurrent:
        raise ValueError("a recurrent student reads prompts of one length only")
    cache, cache_name = growing_cache(student.causal.config), cache_parameter(student)
    ends = student.renderer.ends
    rows = list(alive)  # which request each row of the tensors belongs to
    done: set[int] = set()
    for step in range(max((request.limit for request in requests), default=0)):
        inputs = {} if mask is None else {"attention_mask": mask, "position_ids": positions}
        hidden = student.transform(input_ids=tokens, use_cache=True, **{cache_name: cache}, **inputs)
        logits = student.head(hidden.last_hidden_state[:, -1])
        following = _next_tokens(logits, sampling, chances, rows, step)
        for index, token in zip(rows, following.tolist(), strict=True):
            if index not in done:
                answers[index].append(token)
                if token in ends or len(answers[index]) >= requests[index].limit:
                    done.add(index)
        on_token()
        if len(done) == len(alive):
            break
        tokens = following[:, None]
        if mask is not None and positions is not None:
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
            positions = positions[:, -1:] + 1
        kept = [position for position, index in enumerate(rows) if index not in done]
        # Finished rows stay in the batch until half of it is finished: dropping rows copies the whole cache.
        if 2 * len(kept) <= len(rows):
            selected = torch.tensor(kept, device=student.device)
            # Not batch_select_indices: recurrent layers have none, and hybrid ones one that forgets their state.
            cache.reorder_cache(selected)
            tokens, rows = tokens[selected], [rows[position] for position in kept]
            if mask is not None and positions is not None:
                mask, positions = mask[selected], positions[selected]
    return answers


def decode_in_parts(
    student: Student, requests: list[Request], sampling: Sampling, on_token: Callable[[], None] = lambda: None
) -> list[list[int]]:
    """As `decode`; a batch for which the device has no memory is decoded in halves."""
    try:
        return decode(student, requests, sampling, on_token)
    except Exception as error:
        if not is_out_of_memory(error) or len(requests) == 1:
            raise
    # Outside of the handler, whose traceback holds the tensors of what failed.
    if student.device.type == "cuda":
        torch.cuda.empty_cache()
    half = len(requests) // 2
    parts = requests[:half], requests[half:]
    return [answer for part in parts for answer in decode_in_parts(student, part, sampling, on_token)]


def cache_parameter(student: Student) -> str:
    """The name under which a model takes the cache; raises `InputError` where it takes none."""
    transformer = getattr(student.causal, student.causal.base_model_prefix)
    taken = inspect.signature(transformer.forward).parameters
    for name in ("past_key_values", "cache_params"):
        if name in taken:
            return name
    raise InputError(
        f"{type(student.causal).__name__} carries its state in a way that this engine does not know.",
        "Choose a student whose architecture uses the caches of transformers.",
    )


def _prompt_tensors(
    student: Student, prompts: list[list[int]]
) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
    """Tokens, mask and positions. Rows of one length need no mask; others are padded on the left."""
    longest = max((len(ids) for ids in prompts), default=0)
    pad = student.renderer.end
    tokens = torch.tensor([[pad] * (longest - len(ids)) + ids for ids in prompts], device=student.device)
    if all(len(ids) == longest for ids in prompts):
        return tokens, None, None
    mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts], device=student.device)
    return tokens, mask, (mask.cumsum(1) - 1).clamp(min=0)


def _chances(requests: list[Request], sampling: Sampling) -> numpy.ndarray | None:
    """One uniform number for each request and step, a function of seed and name: no sample depends on its batch."""
    if sampling.temperature == 0:
        return None
    longest = max((request.limit for request in requests), default=0)
    return numpy.stack([numpy_stream(sampling.seed, *r.address).random(longest) for r in requests])


def _next_tokens(
    logits: torch.Tensor, sampling: Sampling, chances: numpy.ndarray | None, rows: list[int], step: int
) -> torch.Tensor:
    if chances is None:
        return logits.argmax(-1)
    # MPS has no fp64; elsewhere the tail of a large vocabulary would be lost in fp32.
    precise = torch.float32 if logits.device.type == "mps" else torch.float64
    probabilities = torch.softmax(logits / sampling.temperature, dim=-1).to(precise)
    if sampling.top_p < 1:
        probabilities = _nucleus(probabilities, sampling.top_p)
    cumulative = probabilities.cumsum(-1)
    drawn = torch.from_numpy(chances[rows, step]).to(precise).to(logits.device)[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, drawn, right=True)[:, 0].clamp(max=logits.shape[-1] - 1)


def _nucleus(probabilities: torch.Tensor, top_p: float) -> torch.Tensor:
    """All but the most likely tokens that reach `top_p` together are zero (Holtzman et al., ICLR 2020, section 3.1)."""
    ordered, tokens = probabilities.sort(dim=-1, descending=True, stable=True)
    # A token stays while those before it have not reached the share: the first one always does.
    ordered[ordered.cumsum(-1) - ordered >= top_p] = 0
    return torch.zeros_like(probabilities).scatter_(-1, tokens, ordered)
