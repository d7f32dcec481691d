"""The parameters of a job, read by name and type; a name that nobody reads is an error, never silently ignored."""

from __future__ import annotations

from typing import Any

from .errors import InputError

_REQUIRED = object()


class Parameters:
    """Wraps the `parameters` object of a specification. `null` counts as absent."""

    def __init__(self, values: dict[str, Any], operation: str) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self._operation = operation
        self._known: set[str] = set()

    def integer(self, name: str, default: Any = _REQUIRED, least: int | None = None) -> Any:
        """A whole number, at least `least`; the default is returned as it is."""
        value = self._take(name, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
            raise self._wrong(name, "a whole number", value)
        return self._at_least(name, int(value), least)

    def number(self, name: str, default: Any = _REQUIRED, least: float | None = None, most: float | None = None) -> Any:
        """A number from `least` to `most`."""
        value = self._take(name, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(name, "a number", value)
        if most is not None and value > most:
            raise self._wrong(name, f"at most {most}", value)
        return self._at_least(name, float(value), least)

    def text(self, name: str, default: Any = _REQUIRED, choices: tuple[str, ...] | None = None) -> Any:
        """A string, one of `choices` where they are given."""
        value = self._take(name, default)
        if value is default:
            return value
        if not isinstance(value, str):
            raise self._wrong(name, "a string", value)
        if choices is not None and value not in choices:
            raise self._wrong(name, "one of " + ", ".join(choices), value)
        return value

    def texts(self, name: str, default: Any = _REQUIRED) -> Any:
        """A list of strings, none of them empty."""
        value = self._take(name, default)
        if value is default:
            return value
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            raise self._wrong(name, "a list of strings", value)
        return value

    def mapping(self, name: str, default: Any = _REQUIRED) -> Any:
        """An object of names and values."""
        value = self._take(name, default)
        if value is not default and not isinstance(value, dict):
            raise self._wrong(name, "an object", value)
        return value

    def flag(self, name: str, default: Any = _REQUIRED) -> Any:
        """True or false."""
        value = self._take(name, default)
        if value is not default and not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def shard(self) -> tuple[int, int]:
        """Which part of the work this job does, and how many parts there are; the whole of it by default."""
        shards = self.integer("shards", 1, least=1)
        shard = self.integer("shard", 0, least=0)
        if shard >= shards:
            raise self._wrong("shard", f"below `shards`, which is {shards}", shard)
        return shard, shards

    def done(self) -> None:
        """To be called after the last read: refuses names that were not asked for."""
        unknown = sorted(set(self._values) - self._known)
        if unknown:
            raise InputError(
                f"`{self._operation}` has no parameter {', '.join(map(repr, unknown))}.",
                f"It knows {', '.join(sorted(self._known)) or 'none'}.",
            )

    def _take(self, name: str, default: Any) -> Any:
        self._known.add(name)
        if name in self._values:
            return self._values[name]
        if default is _REQUIRED:
            raise InputError(f"`{self._operation}` needs the parameter `{name}`.")
        return default

    def _at_least(self, name: str, value: Any, least: float | None) -> Any:
        if least is not None and not value >= least:
            raise self._wrong(name, f"at least {least}", value)
        return value

    def _wrong(self, name: str, expected: str, got: Any) -> InputError:
        return InputError(f"`{self._operation}`: parameter `{name}` must be {expected}, got {got!r}.")
