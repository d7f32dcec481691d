"""What a student can read, known from its small files alone. Needs no peft, so engines of every runtime share it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer, GenerationConfig

from .errors import InputError
from .rendering import Renderer
from .settings import StudentSettings, read_settings


def checked_reference(reference: dict[str, Any] | None) -> dict[str, Any]:
    """The `model` of a specification; an input error when it is missing or names no directory."""
    if not isinstance(reference, dict) or not isinstance(reference.get("base"), str):
        raise InputError("This operation needs a `model` with a `base` directory.")
    for part in ("base", "adapter"):
        directory = reference.get(part)
        if directory is not None and not Path(directory).is_dir():
            raise InputError(f"The model's {part} {directory} is not a directory.")
    return reference


@dataclass(frozen=True)
class Reader:
    """What a student can read, known from its small files alone."""

    renderer: Renderer
    context: int
    vocabulary: int


def load_reader(reference: dict[str, Any]) -> Reader:
    """Tokenizer and sizes of a student, without its weights."""
    base, settings = reference["base"], read_settings(reference.get("settings"))
    config = load_config(base, settings.trust_remote_code)
    try:
        generation = GenerationConfig.from_pretrained(base, local_files_only=True)
    except OSError:
        generation = None
    tokenizer = load_tokenizer(base, settings.trust_remote_code)
    renderer = Renderer(tokenizer, ends_of(generation), settings)
    return Reader(renderer, context_of(config, settings), config.get_text_config().vocab_size)


def ends_of(generation: Any) -> list[int]:
    """The tokens that end a turn, by a model's generation settings."""
    ends = generation.eos_token_id if generation is not None else None
    return [] if ends is None else ends if isinstance(ends, list) else [ends]


def context_of(config: Any, settings: StudentSettings) -> int:
    """The most tokens of prompt and answer together."""
    own = getattr(config.get_text_config(), "max_position_embeddings", None) or 1 << 30
    return min(own, settings.max_length or own)


def load_tokenizer(directory: str, trust_remote_code: bool = False) -> Any:
    """A fast tokenizer, from files alone."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=trust_remote_code)
    except Exception as error:  # what is raised depends on the file that is missing or wrong
        raise unusable(directory, "tokenizer directory", error) from error
    if not tokenizer.is_fast:
        raise InputError(f"{directory} has no tokenizer.json.", "Convert the tokenizer to the fast format first.")
    return tokenizer


def load_config(directory: str, trust_remote_code: bool = False) -> Any:
    """The configuration of a model, from files alone."""
    try:
        return AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=trust_remote_code)
    except Exception as error:  # a missing file, broken JSON, an unknown type or foreign code
        raise unusable(directory, "model directory", error) from error


def unusable(directory: str, expected: str, error: Exception) -> InputError:
    """Says of what kind a directory is not, and why."""
    if "weights_only" in str(error):
        # torch's own message says how to load it all the same, which runs whatever code the file holds.
        return InputError(
            f"{directory} is not a usable {expected}: its pickled weights hold more than tensors.",
            "Such a file can run code when it is loaded. Use a copy of the model with safetensors weights.",
        )
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return InputError(
        f"{directory} is not a usable {expected}: {lines[0]}",
        "It must hold config.json, safetensors weights and tokenizer files as transformers writes them; code that "
        "comes with a model is run only with student.trust_remote_code: true.",
    )
