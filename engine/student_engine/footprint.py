"""
What a student takes of memory and disk, from its sizes alone. Bytes a weight: inference holds it once in the student's
type, or in the bits it is quantised to; training holds fp32 weights, gradients and AdamW's two moments of all that is
trained.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from .devices import student_type
from .errors import InputError
from .memory import cache_bytes
from .reader import load_config
from .settings import StudentSettings
from .trainable import Method

# An fp32 weight and its gradient, and two moments of the optimizer; a checkpoint is without the gradient.
_WEIGHT_BYTES, _GRADIENT_BYTES = 4, 4
_MOMENT_BYTES = {"adamw": 8, "adamw-8bit": 2.1}
_QUANTIZED_BYTES = {"8bit": 1.05, "4bit": 0.55}  # with the scales
_CHECKPOINTS_KEPT = 3  # two that are kept, and the one being written
_GIB = 1 << 30
# Activations with everything kept are about 34 numbers a token, layer and unit of width (Korthikanti et al., 2022,
# section 4, with attention that keeps no scores); with recomputation two.
_KEPT, _KEPT_RECOMPUTED = 34, 2
# Of a GPU, for what no estimate knows: fragments, the context, the logits of a chunk.
_USABLE_SHARE = 0.85
# Tokens, padding included, that a finetune has on the device at once unless it is told otherwise.
MICRO_BATCH_TOKENS = 16384


@dataclass(frozen=True)
class Footprint:
    """All in bytes but the first two, and whether a finetune makes activations again."""

    parameters: int
    trained_parameters: int
    predict: int
    finetune: int
    checkpoints: int
    recomputes: bool

    def metrics(self) -> dict[str, Any]:
        """By the names of the protocol."""
        names = {
            "trained_parameters": "trainedParameters",
            "predict": "predictBytes",
            "finetune": "finetuneBytes",
            "checkpoints": "checkpointBytes",
            "recomputes": "recomputesActivations",
        }
        return {names.get(name, name): value for name, value in asdict(self).items()}


def footprint_of(
    directory: str,
    settings: StudentSettings,
    method: Method,
    device: torch.device,
    tokens: int,
    recompute: bool | None = None,
) -> Footprint:
    """
    Without loading any weights: the model is built of tensors that have sizes only. `tokens` are on the device at once;
    activations are kept where that fits, unless `recompute` says.
    """
    config = load_config(directory, settings.trust_remote_code)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=settings.trust_remote_code)
    text = config.get_text_config()
    parameters = model.num_parameters()
    is_lora = method.method == "lora"
    trained = _adapter_parameters(model, method.rank) if is_lora else parameters
    a_weight = _QUANTIZED_BYTES.get(settings.quantization or "") or _bytes_of(student_type(settings, device))
    base = int(parameters * a_weight)
    depth = getattr(text, "num_hidden_layers", None) or 1
    width = getattr(text, "hidden_size", None) or 1
    a_number = 2 if device.type == "cuda" else 4
    state = _WEIGHT_BYTES + _MOMENT_BYTES[method.optimizer]
    held = (base if is_lora else 0) + int(trained * (state + _GRADIENT_BYTES))
    kept = tokens * depth * width * a_number * _KEPT
    if recompute is None:
        recompute = _has_no_room(held + kept, device)
    activations = tokens * depth * width * a_number * (_KEPT_RECOMPUTED if recompute else _KEPT)
    cache = tokens * cache_bytes(text, student_type(settings, device))
    return Footprint(
        parameters=parameters,
        trained_parameters=trained,
        predict=base + cache,
        finetune=held + activations,
        checkpoints=int(trained * state) * _CHECKPOINTS_KEPT,
        recomputes=recompute,
    )


def must_recompute(
    directory: str, settings: StudentSettings, method: Method, device: torch.device, tokens: int
) -> bool:
    """Whether activations must be made again in the backward pass, which takes a third more time; never on a CPU."""
    return device.type == "cuda" and footprint_of(directory, settings, method, device, tokens).recomputes


def alternatives(
    directory: str, settings: StudentSettings, method: Method, device: torch.device, tokens: int
) -> dict[str, Footprint]:
    """Ways to finetune the student, by what the file would say, from the best to the smallest."""
    lora = dataclasses.replace(method, method="lora")
    quantized = dataclasses.replace(settings, quantization="4bit")
    ways: dict[str, tuple[StudentSettings, Method]] = {
        "student.finetune: {method: full, optimizer: adamw-8bit}": (
            settings,
            dataclasses.replace(method, method="full", optimizer="adamw-8bit"),
        ),
        "student.finetune: {method: lora}": (settings, lora),
        "student: {quantization: 4bit, finetune: {method: lora}}": (quantized, lora),
    }
    if method.method == "lora":
        del ways["student.finetune: {method: full, optimizer: adamw-8bit}"]
    return {name: footprint_of(directory, *way, device, tokens) for name, way in ways.items()}


def refuse_what_cannot_fit(
    footprint: Footprint, others: dict[str, Footprint], device: torch.device, directory: Path, source: str
) -> None:
    """Raises `InputError` where the weights and moments alone are more than there is, and says what would fit."""
    memory = device_memory(device)
    where = "The GPU" if device.type == "cuda" else "This machine"
    for purpose, needed in (("answer", footprint.predict), ("be finetuned", footprint.finetune)):
        if memory is not None and needed > memory:
            fitting = [name for name, other in others.items() if other.finetune <= memory]
            raise InputError(
                f"{source} needs about {needed / _GIB:.1f} GiB to {purpose}. {where} has {memory / _GIB:.1f} GiB.",
                f"This would fit, with {others[fitting[0]].finetune / _GIB:.1f} GiB: {fitting[0]}"
                if fitting
                else "Choose a smaller student or a larger device.",
            )
    free = shutil.disk_usage(directory).free
    if footprint.checkpoints > free:
        raise InputError(
            f"Checkpoints of a finetune of {source} take up to {footprint.checkpoints / _GIB:.1f} GiB of disk; "
            f"{free / _GIB:.1f} GiB are free.",
            "Free some space, or train fewer weights (student.finetune.method: lora, or a smaller rank).",
        )


def device_memory(device: torch.device) -> int | None:
    """All the memory that a device has, in bytes; `None` where that is not known."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _has_no_room(needed: float, device: torch.device) -> bool:
    memory = device_memory(device)
    return device.type == "cuda" and memory is not None and needed > _USABLE_SHARE * memory


def _adapter_parameters(model: torch.nn.Module, rank: int) -> int:
    linear = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    return sum(rank * (module.in_features + module.out_features) for module in linear)


def _bytes_of(dtype: torch.dtype) -> int:
    return torch.empty(0, dtype=dtype).element_size()
