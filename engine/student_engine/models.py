"""Loading students: any causal language model of transformers, with or without an adapter, and a cache of them."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from .errors import InputError, is_device_error, is_out_of_memory
from .rendering import Renderer

_MODELS_KEPT = 2
_HEAD_TOLERANCE = 0.02


def choose_device() -> torch.device:
    """CUDA, else Apple's MPS, else the CPU; `TUTELAGE_DEVICE` overrides."""
    named = os.environ.get("TUTELAGE_DEVICE")
    if named:
        try:
            return torch.zeros(1, device=named).device
        except (RuntimeError, AssertionError) as error:  # an unknown name, a build without it, no driver, no free card
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"TUTELAGE_DEVICE is {named!r}, which torch {torch.__version__} cannot use here: {reason}",
                "Unset it to let the engine choose, or free the card.",
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def inference_type(device: torch.device) -> torch.dtype:
    """bf16 on a GPU, fp32 elsewhere."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32


@dataclass
class Student:
    """A loaded model with what the operations need of it. `model` is a PeftModel when there is an adapter."""

    model: Any
    tokenizer: Any
    renderer: Renderer
    device: torch.device

    @property
    def causal(self) -> Any:
        """The causal language model itself, adapter layers included."""
        return self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model

    @property
    def context(self) -> int:
        """The most tokens of prompt and answer together."""
        return getattr(self.causal.config, "max_position_embeddings", None) or 1 << 30

    @property
    def width(self) -> int:
        """Length of a hidden state."""
        return self.causal.get_output_embeddings().weight.shape[1]

    @property
    def vocabulary(self) -> int:
        """Width of the logits, which may be more than the tokenizer has."""
        return self.causal.get_output_embeddings().weight.shape[0]

    def transform(self, **inputs: Any) -> Any:
        """The transformer without its head: `last_hidden_state` is after the final norm."""
        return getattr(self.causal, self.causal.base_model_prefix)(**inputs)

    def head(self, hidden: torch.Tensor) -> torch.Tensor:
        """fp32 logits of hidden states, with the scalings that some families configure."""
        config = self.causal.config
        logits = self.causal.get_output_embeddings()(hidden).float()
        if getattr(config, "logit_scale", None):
            logits = logits * config.logit_scale
        if getattr(config, "logits_scaling", None):
            logits = logits / config.logits_scaling
        if getattr(config, "final_logit_softcapping", None):
            logits = torch.tanh(logits / config.final_logit_softcapping) * config.final_logit_softcapping
        return logits


@dataclass
class RewardModel:
    """A sequence classifier with one output, on a decoder."""

    model: Any
    tokenizer: Any
    renderer: Renderer
    device: torch.device

    @property
    def context(self) -> int:
        """The most tokens of a conversation."""
        return getattr(self.model.config, "max_position_embeddings", None) or 1 << 30


class ModelCache:
    """The last few students, by content key. Only for reading: training loads its own copy."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._loaded: OrderedDict[str, Any] = OrderedDict()

    def get(self, reference: dict[str, Any] | None) -> Student:
        """The student of a specification's `model`, loaded unless it is here already."""
        return self._get(reference, "student", lambda r: load_student(r, self.device, inference_type(self.device)))

    def get_reward(self, reference: dict[str, Any] | None) -> RewardModel:
        """The reward model of a specification's `model`."""
        return self._get(reference, "reward", lambda r: load_reward_model(r, self.device))

    def clear(self) -> None:
        """Gives the memory back, before something else needs it."""
        self._loaded.clear()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _get(self, reference: dict[str, Any] | None, kind: str, load: Callable[[dict[str, Any]], Any]) -> Any:
        reference = checked_reference(reference)
        # Without a content key nothing says that the files are still those that were loaded.
        key = f"{kind}\n{reference.get('key')}"
        if reference.get("key") is None:
            self._loaded.pop(key, None)
        if key not in self._loaded:
            if self.device.type == "cuda":
                self.clear()
            loaded = load(reference)
            loaded.model.requires_grad_(False).eval()
            self._loaded[key] = loaded
        self._loaded.move_to_end(key)
        while len(self._loaded) > _MODELS_KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[key]


def checked_reference(reference: dict[str, Any] | None) -> dict[str, Any]:
    """The `model` of a specification; an input error when it is missing or names no directory."""
    if not isinstance(reference, dict) or not isinstance(reference.get("base"), str):
        raise InputError("This operation needs a `model` with a `base` directory.")
    for part in ("base", "adapter"):
        directory = reference.get(part)
        if directory is not None and not Path(directory).is_dir():
            raise InputError(f"The model's {part} {directory} is not a directory.")
    return reference


def load_student(reference: dict[str, Any], device: torch.device, dtype: torch.dtype, train: bool = False) -> Student:
    """Loads from disk. With `train`, an adapter's weights can be trained further."""
    base, adapter = reference["base"], reference.get("adapter")
    tokenizer = load_tokenizer(base)
    model = load_pretrained(AutoModelForCausalLM, base, dtype).to(device)
    ends = model.generation_config.eos_token_id if model.generation_config is not None else None
    ends = [] if ends is None else ends if isinstance(ends, list) else [ends]
    if adapter is not None:
        try:
            model = PeftModel.from_pretrained(model, adapter, is_trainable=train)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise _unusable(adapter, "adapter of this base model", error) from error
    student = Student(model.eval(), tokenizer, Renderer(tokenizer, ends), device)
    check_head(student, base)
    return student


def load_reward_model(reference: dict[str, Any], device: torch.device) -> RewardModel:
    """Loads a classifier that ends in a `score` layer on a decoder, as Skywork-Reward and its kind do."""
    directory = reference["base"]
    tokenizer = load_tokenizer(directory)
    model = load_pretrained(AutoModelForSequenceClassification, directory, inference_type(device)).to(device)
    if not hasattr(model, "score") or model.config.num_labels != 1:
        raise InputError(
            f"{directory} is not a reward model: {type(model).__name__} with {model.config.num_labels} outputs.",
            "A decoder with one output is needed, such as Skywork-Reward-V2.",
        )
    return RewardModel(model, tokenizer, Renderer(tokenizer, []), device)


def load_tokenizer(directory: str) -> Any:
    """A fast tokenizer, from files alone."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # what is raised depends on the file that is missing or wrong
        raise _unusable(directory, "tokenizer directory", error) from error
    if not tokenizer.is_fast:
        raise InputError(f"{directory} has no tokenizer.json.", "Convert the tokenizer to the fast format first.")
    return tokenizer


def load_pretrained(kind: Any, directory: str, dtype: torch.dtype) -> Any:
    """A model by one of the Auto classes, from files alone, without running code that came with it."""
    try:
        return kind.from_pretrained(directory, dtype=dtype, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # what is raised depends on the file that is missing or wrong
        if is_out_of_memory(error) or is_device_error(error):
            raise
        raise _unusable(directory, "model directory", error) from error


def _unusable(directory: str, expected: str, error: Exception) -> InputError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return InputError(
        f"{directory} is not a usable {expected}: {lines[0]}",
        "It must hold config.json, safetensors weights and tokenizer files as transformers writes them; "
        "models that need their own code are not run.",
    )


@torch.inference_mode()
def check_head(student: Student, directory: str) -> None:
    """
    Raises `InputError` unless `Student.head` gives the model's own logits. Families scale them in their own ways, and
    one that is not known here must not be scored wrongly.
    """
    ids = torch.tensor([[student.renderer.end] * 4], device=student.device)
    expected = student.causal(input_ids=ids).logits.float()
    got = student.head(student.transform(input_ids=ids).last_hidden_state)
    if not torch.allclose(expected, got, rtol=_HEAD_TOLERANCE, atol=_HEAD_TOLERANCE):
        raise InputError(f"{directory}: the head of {type(student.causal).__name__} scales logits in an unknown way.")
