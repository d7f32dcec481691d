"""
What an iteration takes of memory and time, before any weight is loaded: sizes from the configuration alone, speeds from
two short probes of this device, or those given. An estimate: real figures are within a factor of about two.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import torch

from .footprint import MICRO_BATCH_TOKENS, footprint_of
from .memory import cache_bytes
from .reader import load_config
from .settings import StudentSettings
from .trainable import Method

# Shares of the probes' speeds that models reach: products of layers, and reading weights and cache while decoding.
_COMPUTE_SHARE, _READ_SHARE = 0.45, 0.6
_PROBE_SECONDS = 0.3
_CPU_BATCH_TOKENS, _GPU_BATCH_TOKENS = 16384, 1 << 20


@dataclass(frozen=True)
class Device:
    """Floating-point operations and bytes a second, at most."""

    operations: float
    bytes: float


@dataclass(frozen=True)
class Work:
    """One iteration: `pool` seeds are answered, and `rows` learned `epochs` times."""

    pool: int
    tests: int
    rows: int
    epochs: int
    batch_rows: int
    prompt_tokens: int
    new_tokens: int


def estimate(
    directory: str, settings: StudentSettings, method: Method, work: Work, device: torch.device, speed: Device
) -> dict[str, Any]:
    """Bytes and seconds, by the names of the protocol."""
    row = work.prompt_tokens + work.new_tokens
    at_once = min(MICRO_BATCH_TOKENS, work.batch_rows * row)
    sizes = footprint_of(directory, settings, method, device, at_once)
    text = load_config(directory, settings.trust_remote_code).get_text_config()
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    weights = sizes.parameters * torch.empty(0, dtype=dtype).element_size()
    budget = _GPU_BATCH_TOKENS if device.type == "cuda" else _CPU_BATCH_TOKENS
    batch = max(1, min(work.pool, budget // row))
    compute, read = speed.operations * _COMPUTE_SHARE, speed.bytes * _READ_SHARE
    a_step = max(2 * sizes.parameters * batch / compute, (weights + batch * row * cache_bytes(text, dtype)) / read)

    def answering(prompts: int) -> float:
        prefill = 2 * sizes.parameters * prompts * work.prompt_tokens / compute
        return prefill + -(-prompts // batch) * work.new_tokens * a_step

    scoring = 2 * sizes.parameters * work.pool * row / compute
    # Forward 2, backward 4 of which 2 are for weights that LoRA does not train; once more forward with recomputation.
    passes = (6 if method.method == "full" else 4) + (2 if sizes.recomputes else 0)
    training = passes * sizes.parameters * work.rows * work.epochs * row / compute
    return {
        **sizes.metrics(),
        "predictSeconds": answering(work.pool),
        "scoreSeconds": scoring,
        "finetuneSeconds": training,
        "evaluateSeconds": answering(work.tests),
        "assumed": asdict(work),
    }


def probe(device: torch.device) -> Device:
    """Speeds of a large product of matrices and of a large copy."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    side = 8192 if device.type == "cuda" else 768
    one = torch.ones(side, side, dtype=dtype, device=device)
    large = torch.ones((1 << 30) if device.type == "cuda" else (1 << 25), dtype=torch.uint8, device=device)
    return Device(2 * side**3 * _rate(lambda: one @ one, device), 2 * large.numel() * _rate(large.clone, device))


def _rate(work: Any, device: torch.device) -> float:
    work()
    _wait(device)
    best, until = float("inf"), time.perf_counter() + _PROBE_SECONDS
    while time.perf_counter() < until:
        began = time.perf_counter()
        work()
        _wait(device)
        # What disturbs a probe only ever slows it.
        best = min(best, time.perf_counter() - began)
    return 1 / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
