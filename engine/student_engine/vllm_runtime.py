"""
Students on vLLM: continuous batching over paged keys and values, for long answers. Runs in a Python environment of its
own (vLLM pins its torch), in this process and on its main thread, so that ending the process ends all of it.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from .errors import InputError
from .randomness import stream_seed
from .reader import load_reader
from .sampling import Request, Sampling
from .settings import StudentSettings, read_settings, settings_key

# One process: a core of its own would outlive an engine that is killed alone.
_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "2",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "HF_HUB_OFFLINE": "1",
}
# Hopper, which batch-invariant kernels need: a row's bits then do not depend on what shares its batch.
_BATCH_INVARIANT_CAPABILITY = (9, 0)
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
_LENGTH_STEP = 1024


@dataclass(frozen=True)
class Needs:
    """What one instance of vLLM is made for: a job that needs the same, or less, finds it warm."""

    base: str
    key: str | None
    settings: str
    rank: int
    length: int

    def serves(self, other: Needs) -> bool:
        """Whether a job with other needs can be done by it."""
        is_same = (self.key, self.settings) == (other.key, other.settings) and self.key is not None
        return is_same and self.rank >= other.rank and self.length >= other.length


def prepare_environment() -> None:
    """Before vLLM is imported. What the user has set stays."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if torch.cuda.is_available() and torch.cuda.get_device_capability() >= _BATCH_INVARIANT_CAPABILITY:
        os.environ.setdefault("VLLM_BATCH_INVARIANT", "1")


def is_batch_invariant() -> bool:
    """Whether a row's bits do not depend on what shares its batch."""
    return os.environ.get("VLLM_BATCH_INVARIANT") == "1"


class VllmModels:
    """At most one model in memory, with the adapters of its requests."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._needs: Needs | None = None
        self._model: Any = None
        self._adapters: dict[str, int] = {}

    def clear(self) -> None:
        """Gives the memory back."""
        from vllm.distributed import cleanup_dist_env_and_memory

        if self._model is not None:
            self._model, self._needs, self._adapters = None, None, {}
            gc.collect()
            cleanup_dist_env_and_memory()

    def generate(
        self,
        reference: dict[str, Any],
        requests: list[Request],
        sampling: Sampling,
        on_step: Callable[[int], None],
    ) -> list[list[int]]:
        """
        New token ids of each request, the end token included, in the order of the requests. `on_step` is called after
        every step with the number of requests that are done; what it raises stops them all.
        """
        from vllm import SamplingParams

        answers: list[list[int]] = [[] for _ in requests]
        waiting = {str(index): index for index, request in enumerate(requests) if request.limit > 0}
        if not waiting:
            return answers
        ends = sorted(load_reader(reference).renderer.ends)
        engine = self.load(reference, requests).llm_engine
        adapter = self._adapter(reference)
        for name, index in waiting.items():
            request = requests[index]
            options = SamplingParams(
                temperature=sampling.temperature,
                top_p=sampling.top_p if sampling.temperature > 0 else 1.0,
                seed=None if sampling.temperature == 0 else stream_seed(sampling.seed, *request.address),
                max_tokens=request.limit,
                stop_token_ids=ends,
                ignore_eos=True,
                detokenize=False,
            )
            engine.add_request(name, {"prompt_token_ids": request.ids}, options, lora_request=adapter)
        done = 0
        try:
            while engine.has_unfinished_requests():
                for output in engine.step():
                    if output.finished:
                        answers[waiting[output.request_id]] = list(output.outputs[0].token_ids)
                        done += 1
                on_step(done)
        except BaseException:
            engine.abort_request(list(waiting))
            raise
        return answers

    def load(self, reference: dict[str, Any], requests: list[Request]) -> Any:
        """The model that these requests need, loaded unless it is here already; `None` where they need none."""
        if not any(request.limit > 0 for request in requests):
            return None
        needs = _needs_of(reference, requests)
        if self._needs is None or not self._needs.serves(needs):
            self.clear()
            self._model = _load(needs, read_settings(reference.get("settings")), self.device)
            self._needs = needs
        return self._model

    def _adapter(self, reference: dict[str, Any]) -> Any:
        from vllm.lora.request import LoRARequest

        path = reference.get("adapter")
        if path is None:
            return None
        number = self._adapters.setdefault(path, len(self._adapters) + 1)
        return LoRARequest(f"adapter-{number}", number, path)


def _needs_of(reference: dict[str, Any], requests: list[Request]) -> Needs:
    longest = max(len(request.ids) + request.limit for request in requests)
    return Needs(
        base=reference["base"],
        # The adapter goes with the request, so it does not name the model.
        key=reference["base"] if reference.get("key") is not None else None,
        settings=settings_key(reference.get("settings")),
        rank=_rank_of(reference.get("adapter")),
        length=-(-longest // _LENGTH_STEP) * _LENGTH_STEP,
    )


def _rank_of(adapter: str | None) -> int:
    """The least rank that vLLM makes room for; 0 without an adapter. Raises `InputError` for one that it cannot run."""
    if adapter is None:
        return 0
    config = json.loads((Path(adapter) / "adapter_config.json").read_text(encoding="utf-8"))
    hint = "Set student.predict.runtime: transformers."
    if config.get("use_dora"):
        raise InputError("vLLM does not run DoRA adapters.", hint)
    rank = next((rank for rank in _RANKS if rank >= config["r"]), None)
    if rank is None:
        raise InputError(f"vLLM runs adapters of rank {_RANKS[-1]} at most; this one has {config['r']}.", hint)
    return rank


def _load(needs: Needs, settings: StudentSettings, device: torch.device) -> Any:
    import vllm

    default = torch.bfloat16 if device.type == "cuda" else torch.float32
    dtype = getattr(torch, settings.dtype) if settings.dtype else default
    context = getattr(AutoConfig.from_pretrained(needs.base), "max_position_embeddings", None) or needs.length
    options: dict[str, Any] = {}
    if needs.rank > 0:
        options = {"enable_lora": True, "max_lora_rank": needs.rank, "max_loras": 1}
    if settings.quantization is not None:
        options |= {"quantization": "bitsandbytes"}
    try:
        return vllm.LLM(
            model=needs.base,
            skip_tokenizer_init=True,
            dtype=dtype,
            seed=0,
            max_model_len=min(needs.length, context),
            # Compiling takes minutes on a CPU and gives other bits; on a GPU its graphs are what makes it fast.
            enforce_eager=device.type == "cpu",
            # A prompt's bits must not depend on which prompts came before it.
            enable_prefix_caching=False,
            trust_remote_code=settings.trust_remote_code,
            disable_log_stats=True,
            **options,
        )
    except (ValueError, NotImplementedError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"vLLM {vllm.__version__} cannot run this student: {reason}", "Set student.predict.runtime: transformers."
        ) from error
