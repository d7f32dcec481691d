"""What a student is asked: one turn of the user, as text, or the turns of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceOf

from .errors import InputError

Prompt = str | SequenceOf[Mapping[str, str]]
# The types that a record's `prompt` may have.
PROMPT_TYPES = (str, list)
_NAMES = {"system": "System", "user": "User", "assistant": "Assistant"}


def check_prompt(prompt: Prompt, place: str) -> None:
    """Raises `InputError` where a list is not a conversation whose last turn is the user's."""
    if isinstance(prompt, str):
        return
    is_read = all(
        isinstance(turn, dict)
        and turn.keys() == {"role", "content"}
        and turn["role"] in _NAMES
        and isinstance(turn["content"], str)
        for turn in prompt
    )
    if not is_read or not prompt or prompt[-1]["role"] != "user":
        raise InputError(
            f"{place}: `prompt` must be text, or turns {{role, content}} of system, user and assistant, "
            "the user's last."
        )


def turns_of(prompt: Prompt, system: str | None, change: Callable[[str], str] = str) -> list[dict[str, str]]:
    """The turns under a system prompt; a system turn of the conversation's own is put behind it."""
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(turn) for turn in prompt]
    turns = [{**turn, "content": change(turn["content"])} for turn in turns]
    if not system:
        return turns
    if turns[0]["role"] == "system":
        return [{"role": "system", "content": f"{system}\n\n{turns[0]['content']}"}, *turns[1:]]
    return [{"role": "system", "content": system}, *turns]


def written_out(prompt: Prompt, system: str | None) -> str:
    """For a student without a chat template: a single turn is its own text, several are named, to be continued."""
    if isinstance(prompt, str) or len(prompt) == 1:
        text = prompt if isinstance(prompt, str) else prompt[0]["content"]
        return f"{system}\n\n{text}" if system else text
    lines = [f"{_NAMES[turn['role']]}: {turn['content']}" for turn in turns_of(prompt, system)]
    return "\n\n".join([*lines, "Assistant:"])
