"""Named streams of randomness: every draw is a function of (seed, name, position), so there is no state to save."""

from __future__ import annotations

import hashlib

import numpy
import torch


def stream_seed(seed: int, *address: str | int) -> int:
    """A 63-bit seed for one addressed place, e.g. `stream_seed(seed, "order", epoch)`; the same in every process."""
    text = "/".join([str(seed), *map(str, address)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def torch_stream(seed: int, *address: str | int) -> torch.Generator:
    """A CPU generator at one address. Draw on the CPU, then move: devices differ in what they draw."""
    return torch.Generator().manual_seed(stream_seed(seed, *address))


def numpy_stream(seed: int, *address: str | int) -> numpy.random.Generator:
    """The same for numpy."""
    return numpy.random.Generator(numpy.random.PCG64(stream_seed(seed, *address)))
