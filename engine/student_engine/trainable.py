"""What of a student is trained, and what is written of it: all weights of its text model, or a LoRA adapter on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from .devices import student_type
from .errors import InputError
from .files import copy_tokenizer_files, make_readable
from .models import Student, load_student
from .parameters import Parameters
from .randomness import stream_seed
from .settings import read_settings

OPTIMIZERS = ("adamw", "adamw-8bit")


@dataclass(frozen=True)
class Method:
    """
    What is trained, and how. All but `method`, `seed` and `optimizer` are for LoRA; no `target_modules`: all linear
    layers.
    """

    method: str
    seed: int
    rank: int = 32
    alpha: float = 64.0
    dropout: float = 0.0
    target_modules: tuple[str, ...] | None = None
    use_dora: bool = False
    optimizer: str = "adamw"


def read_method(parameters: Parameters, default: str | None = None) -> Method:
    """The parameters that say what is trained. With a `default` none of them need be given."""
    targets = parameters.texts("targetModules", None)
    choices = ("full", "lora")
    is_free = default is not None
    return Method(
        method=parameters.text("method", default, choices) if is_free else parameters.text("method", choices=choices),
        seed=parameters.integer("seed", 0) if is_free else parameters.integer("seed"),
        rank=parameters.integer("rank", 32, least=1),
        alpha=parameters.number("alpha", 64.0, least=0.0),
        dropout=parameters.number("dropout", 0.0, least=0.0, most=0.99),
        target_modules=None if targets is None else tuple(targets),
        use_dora=parameters.flag("useDora", False),
        optimizer=parameters.text("optimizer", "adamw", choices=OPTIMIZERS),
    )


def trainable_student(reference: dict[str, Any], method: Method, device: torch.device, recompute: bool) -> Student:
    """
    An own copy from disk: a cached student must never change. Weights that are trained are fp32 on every device.
    `recompute` makes activations again in the backward pass, which takes a third more time and far less memory. Raises
    `InputError` where the method does not suit the student.
    """
    is_lora = method.method == "lora"
    if reference.get("adapter") and not is_lora:
        raise InputError("Full finetuning cannot start from an adapter.", "Use `method: lora`, or a base without one.")
    settings = read_settings(reference.get("settings"))
    if settings.quantization is not None and not is_lora:
        raise InputError(
            f"Weights of {settings.quantization} cannot be trained.",
            "Use student.finetune.method: lora, or leave student.quantization out.",
        )
    dtype = student_type(settings, device) if is_lora else torch.float32
    student = load_student(reference, device, dtype, train=True)
    if not is_lora:
        train_text_model(student.causal)
    elif not reference.get("adapter"):
        add_adapter(student, method)
    if recompute:
        _enable_recompute(student)
    return student


def add_adapter(student: Student, method: Method) -> None:
    """Puts a new LoRA adapter on the text model's linear layers, or on those named."""
    torch.manual_seed(stream_seed(method.seed, "init"))
    towers = tower_layers(student.causal)
    config = LoraConfig(
        r=method.rank,
        lora_alpha=method.alpha,
        lora_dropout=method.dropout,
        target_modules="all-linear" if method.target_modules is None else list(method.target_modules),
        # A pattern that must match a whole name. Images and sounds are never seen, so nothing is learned about them.
        exclude_modules="|".join(map(re.escape, towers)) or None,
        use_dora=method.use_dora,
        task_type="CAUSAL_LM",
    )
    kind = type(student.causal).__name__
    try:
        student.model = get_peft_model(student.model, config)
    except (ValueError, NotImplementedError, AttributeError, KeyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"LoRA does not suit {kind}: {reason}",
            "Name layers that it has in student.finetune.target_modules, or use student.finetune.method: full.",
        ) from error
    # In the type of the base an adapter of small numbers would lose them.
    for parameter in student.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def train_text_model(causal: Any) -> None:
    """All weights are trained but those of towers for images and sounds, which text never reaches."""
    towers = tower_modules(causal)
    for name, parameter in causal.named_parameters():
        parameter.requires_grad_(not any(name.startswith(f"{tower}.") for tower in towers))


def tower_layers(causal: Any) -> list[str]:
    """Names of the linear layers outside the text model."""
    towers = tower_modules(causal)
    return [
        name
        for name, module in causal.named_modules()
        if isinstance(module, torch.nn.Linear) and any(name.startswith(f"{tower}.") for tower in towers)
    ]


def tower_modules(causal: Any) -> list[str]:
    """Names of the modules that stand beside the text model: encoders of images and sounds, and their projectors."""
    transformer = getattr(causal, causal.base_model_prefix)
    decoder = causal.get_decoder()
    if decoder is transformer or decoder is causal or decoder is None:
        return []
    names = {id(module): name for name, module in causal.named_modules()}
    return [names[id(child)] for child in transformer.children() if child is not decoder and _has_weights(child)]


def save_student(student: Student, reference: dict[str, Any], directory: Path) -> None:
    """The weights as the operations load them, an adapter alone where there is one, and the base's tokenizer files."""
    if student.causal is not student.model:
        # Equal adapters must be equal files: no path of this machine, and no set in the order of this process's hashes.
        for config in student.model.peft_config.values():
            config.base_model_name_or_path = ""
            config.target_modules = sorted(config.target_modules)
        student.model.save_pretrained(directory, save_embedding_layers=False)
    else:
        student.model.to(student_type(student.settings, student.device)).save_pretrained(directory)
    copy_tokenizer_files(reference["base"], directory)
    make_readable(directory)


def _enable_recompute(student: Student) -> None:
    if not getattr(student.causal, "supports_gradient_checkpointing", False):
        raise InputError(
            f"{type(student.causal).__name__} cannot make its activations again.",
            "Set student.finetune.gradient_checkpointing: false.",
        )
    student.causal.gradient_checkpointing_enable({"use_reentrant": False})


def _has_weights(module: torch.nn.Module) -> bool:
    return next(module.parameters(), None) is not None
