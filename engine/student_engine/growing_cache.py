"""A cache of keys and values that is written in place: growing by concatenation copies all of it for every token."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

# Room beyond what is needed now, as a share of it and in tokens: a row of n tokens is copied log(n) times, not n times.
_ROOM_SHARE, _ROOM_TOKENS = 0.25, 32


class GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """Full attention's keys and values; `keys` and `values` are the written part of larger tensors."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.keys: torch.Tensor
        self.values: torch.Tensor
        self._room: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **options: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Appends the states of new tokens; returns those of all tokens, `[rows, heads, tokens, size]`."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        before = self.get_seq_length()
        after = before + key_states.shape[-2]
        # Another selection of rows, or a cache that was cropped, made tensors of its own.
        if self._room is None or self._room[0].shape[-2] < after or not self._is_written_part():
            self._room = (_larger(self.keys, key_states, after), _larger(self.values, value_states, after))
        keys, values = self._room
        keys[:, :, before:after] = key_states
        values[:, :, before:after] = value_states
        self.keys, self.values = keys[:, :, :after], values[:, :, :after]
        return self.keys, self.values

    def _is_written_part(self) -> bool:
        return self._room is not None and self.keys is not None and self.keys.data_ptr() == self._room[0].data_ptr()


def growing_cache(config: Any) -> DynamicCache:
    """The cache that transformers makes for a model, with its layers of full attention written in place."""
    cache = DynamicCache(config=config)
    cache.layers = [GrowingLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def _larger(written: torch.Tensor, new: torch.Tensor, tokens: int) -> torch.Tensor:
    room = tokens + max(_ROOM_TOKENS, int(_ROOM_SHARE * tokens))
    larger = new.new_empty((*new.shape[:-2], room, new.shape[-1]))
    if written.numel() > 0:
        larger[:, :, : written.shape[-2]] = written
    return larger
