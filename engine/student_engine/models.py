"""Loading students: any causal language model of transformers, with or without an adapter, and a cache of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from .bitsandbytes import quantization_config
from .devices import inference_type, student_type
from .errors import InputError, is_device_error, is_out_of_memory
from .reader import checked_reference, context_of, ends_of, load_tokenizer, unusable
from .rendering import Renderer
from .settings import StudentSettings, read_settings, settings_key

_MODELS_KEPT = 2
_HEAD_TOLERANCE = 0.02


@dataclass
class Student:
    """A loaded model with what the operations need of it. `model` is a PeftModel when there is an adapter."""

    model: Any
    tokenizer: Any
    renderer: Renderer
    device: torch.device
    settings: StudentSettings = field(default_factory=StudentSettings)

    @property
    def causal(self) -> Any:
        """The causal language model itself, adapter layers included."""
        return self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model

    @property
    def context(self) -> int:
        """The most tokens of prompt and answer together."""
        return context_of(self.causal.config, self.settings)

    @property
    def is_recurrent(self) -> bool:
        """Whether it carries a state beside, or instead of, keys and values: Mamba, and hybrids of it and attention."""
        return is_recurrent(self.causal)

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
        config = self.causal.config.get_text_config()
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
        return self._get(reference, "student", lambda r: load_student(r, self.device))

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
        key = f"{kind}\n{reference.get('key')}\n{settings_key(reference.get('settings'))}"
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


def load_student(
    reference: dict[str, Any], device: torch.device, dtype: torch.dtype | None = None, train: bool = False
) -> Student:
    """
    Loads from disk, in the type of the settings unless one is given. With `train`, an adapter's weights can be trained
    further.
    """
    base, adapter = reference["base"], reference.get("adapter")
    settings = read_settings(reference.get("settings"))
    tokenizer = load_tokenizer(base, settings.trust_remote_code)
    dtype = dtype or student_type(settings, device)
    model = load_pretrained(AutoModelForCausalLM, base, dtype, settings, device)
    if adapter is not None:
        try:
            model = PeftModel.from_pretrained(model, adapter, is_trainable=train)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise unusable(adapter, "adapter of this base model", error) from error
    renderer = Renderer(tokenizer, ends_of(model.generation_config), settings)
    student = Student(model.eval(), tokenizer, renderer, device, settings)
    check_head(student, base)
    return student


def is_recurrent(causal: Any) -> bool:
    """Whether a model's cache holds states that stand for all tokens before them."""
    return bool(getattr(causal, "_is_stateful", False)) or hasattr(causal.config.get_text_config(), "conv_L_cache")


def load_reward_model(reference: dict[str, Any], device: torch.device) -> RewardModel:
    """Loads a classifier that ends in a `score` layer on a decoder, as Skywork-Reward and its kind do."""
    directory = reference["base"]
    tokenizer = load_tokenizer(directory)
    dtype = inference_type(device)
    model = load_pretrained(AutoModelForSequenceClassification, directory, dtype, StudentSettings(), device)
    if not hasattr(model, "score") or model.config.num_labels != 1:
        raise InputError(
            f"{directory} is not a reward model: {type(model).__name__} with {model.config.num_labels} outputs.",
            "A decoder with one output is needed, such as Skywork-Reward-V2.",
        )
    return RewardModel(model, tokenizer, Renderer(tokenizer, []), device)


def load_pretrained(
    kind: Any, directory: str, dtype: torch.dtype, settings: StudentSettings, device: torch.device
) -> Any:
    """A model by one of the Auto classes, from files alone; its own code is run only where that is trusted."""
    options: dict[str, Any] = {} if settings.attention is None else {"attn_implementation": settings.attention}
    if settings.quantization is not None:
        options |= {
            "quantization_config": quantization_config(settings.quantization, dtype),
            "device_map": {"": device},
        }
    try:
        model = kind.from_pretrained(
            directory, dtype=dtype, local_files_only=True, trust_remote_code=settings.trust_remote_code, **options
        )
        return model if settings.quantization is not None else model.to(device)
    except Exception as error:  # what is raised depends on the file that is missing or wrong
        if is_out_of_memory(error) or is_device_error(error):
            raise
        raise unusable(directory, "model directory", error) from error


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
