"""How many tokens of a student fit on its device at once."""

from __future__ import annotations

from typing import Any

import torch

from .models import Student

# On a CPU larger batches are no faster: there is no device to keep busy.
_BATCH_TOKENS = 16384
# Of what the weights leave: the rest is for activations, the logits of a step, and what the allocator wastes.
_CACHE_SHARE = 0.5
_GPU_BATCH_TOKENS_MAX = 1 << 20


def batch_tokens(student: Student) -> int:
    """
    Tokens of prompts and answers that one batch of a prediction may have, padding included. On a GPU as many as its
    memory holds keys and values of, whatever else is on it now: the plan of batches must be the same every time.
    """
    if student.device.type != "cuda":
        return _BATCH_TOKENS
    memory = torch.cuda.get_device_properties(student.device).total_memory
    weights = sum(parameter.numel() * parameter.element_size() for parameter in student.model.parameters())
    a_token = cache_bytes(student.causal.config.get_text_config(), student.causal.dtype)
    fitting = int(_CACHE_SHARE * max(0, memory - weights) / a_token)
    return max(_BATCH_TOKENS // 8, min(_GPU_BATCH_TOKENS_MAX, fitting))


def cache_bytes(text: Any, dtype: torch.dtype) -> int:
    """Keys and values of one token in all layers."""
    depth = getattr(text, "num_hidden_layers", None) or 1
    return 2 * depth * _key_value_width(text) * torch.empty(0, dtype=dtype).element_size()


def _key_value_width(text: Any) -> int:
    heads = getattr(text, "num_attention_heads", None) or 1
    of_keys = getattr(text, "num_key_value_heads", None) or heads
    size = getattr(text, "head_dim", None) or (getattr(text, "hidden_size", None) or 1) // heads
    return of_keys * size
