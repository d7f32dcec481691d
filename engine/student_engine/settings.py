"""How one student is read and run: the part of a `model` reference that is not files. Part of a job's identity."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import Any

from .bitsandbytes import QUANTIZATIONS
from .errors import InputError

# Templates of reasoning models open a thought by default; the student is taught to answer as the teacher does.
_TEMPLATE_OPTIONS = {"enable_thinking": False}
# Some templates print today's date into every prompt. A fixed one gives the same tokens on every day.
_TEMPLATE_DATE = datetime.date(2025, 1, 1)
_DTYPES = ("float32", "bfloat16", "float16")
_ATTENTIONS = ("sdpa", "eager", "flash_attention_2")


@dataclass(frozen=True)
class StudentSettings:
    """
    `None` leaves the choice to the engine (`dtype`, `attention`) or to the model (`max_length`, its context); without
    `quantization` weights are as they are.
    """

    dtype: str | None = None
    attention: str | None = None
    max_length: int | None = None
    quantization: str | None = None
    trust_remote_code: bool = False
    system_prompt: str | None = None
    template_date: datetime.date = _TEMPLATE_DATE
    template_options: dict[str, Any] = field(default_factory=lambda: dict(_TEMPLATE_OPTIONS))


def read_settings(values: Any) -> StudentSettings:
    """Reads the `settings` of a `model`; raises `InputError` for a name or a value that it does not know."""
    if values is None:
        return StudentSettings()
    if not isinstance(values, dict):
        raise InputError(f"A model's `settings` must be an object, got {values!r}.")
    unknown = sorted(set(values) - set(_READERS))
    if unknown:
        raise InputError(f"A model has no setting {unknown[0]!r}.", f"It knows {', '.join(sorted(_READERS))}.")
    read = dict(_READERS[name](name, value) for name, value in values.items() if value is not None)
    return StudentSettings(**read)


def settings_key(values: Any) -> str:
    """Equal settings have equal keys."""
    return json.dumps(values or {}, sort_keys=True)


def _choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise InputError(f"The setting `{name}` must be one of {', '.join(choices)}, got {value!r}.")
    return value


def _typed(name: str, value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"The setting `{name}` must be {what}, got {value!r}.")
    return value


def _positive(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise InputError(f"The setting `{name}` must be a whole number from 1, got {value!r}.")
    return value


def _date(name: str, value: Any) -> datetime.date:
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"The setting `{name}` must be a date such as {_TEMPLATE_DATE}, got {value!r}.") from error


_READERS: dict[str, Any] = {
    "dtype": lambda name, value: ("dtype", _choice(name, value, _DTYPES)),
    "attention": lambda name, value: ("attention", _choice(name, value, _ATTENTIONS)),
    "quantization": lambda name, value: ("quantization", _choice(name, value, QUANTIZATIONS)),
    "maxLength": lambda name, value: ("max_length", _positive(name, value)),
    "trustRemoteCode": lambda name, value: ("trust_remote_code", _typed(name, value, bool, "true or false")),
    "systemPrompt": lambda name, value: ("system_prompt", _typed(name, value, str, "a string")),
    "templateDate": lambda name, value: ("template_date", _date(name, value)),
    "templateOptions": lambda name, value: (
        "template_options",
        _TEMPLATE_OPTIONS | _typed(name, value, dict, "an object"),
    ),
}
