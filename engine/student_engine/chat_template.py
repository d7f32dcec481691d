"""
One turn of a conversation as a model's chat template writes it. The answer is found by a sentinel that is rendered in
its place: templates rewrite what they are given (trim it, look for thoughts in it) and put channels, thoughts and
blanks around it, so neither the first special token nor the answer's own text says where it is.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from .errors import InputError
from .prompt_turns import Prompt, turns_of
from .settings import StudentSettings
from .time_limit import time_limit

# Mixed case and digits, so that a template which changes what it is given is noticed.
_SENTINEL = "Zq7Answer{}x4Kv"
# A template is a program from somebody else. Real ones take about a millisecond, and write what they are given once.
_RENDER_SECONDS_MAX = 10.0
_COPIES_MAX = 20
_TEMPLATE_CHARACTERS_MAX = 1 << 20
_DATE_CODES = "YmdBbAajyHMSpIFxD"
_OPENING = re.compile(r"[<\[]([A-Za-z_:]+)[>\]]")


@dataclass(frozen=True)
class Turn:
    """
    `head` is what the student reads before it answers. It writes `lead` (`<|channel|>final<|message|>`, say; mostly
    nothing), then the answer, then `tail`, the template's text between answer and end of conversation.
    """

    head: str
    lead: str
    tail: str


class TemplateRefusal(Exception):
    """The template does not render a conversation, or does not write the answer as it is. Says why."""


class ChatTemplate:
    """The chat template of one tokenizer under one student's settings."""

    def __init__(self, tokenizer: Any, settings: StudentSettings) -> None:
        self._tokenizer, self._settings = tokenizer, settings
        self._source = with_fixed_date(tokenizer.get_chat_template(), settings.template_date)
        try:
            probe = self._parts("What is 2 + 3?")
            if settings.system_prompt:
                self._check_system_prompt()
        except TemplateRefusal as refusal:
            raise InputError(
                f"The model's chat template cannot be used: {refusal}.",
                "Correct chat_template in the model's directory, or choose another model.",
            ) from refusal
        self._reads_conversation = _reads_conversation(*probe[:2])

    def head(self, prompt: Prompt) -> str:
        """What the student reads before it answers; raises `TemplateRefusal`."""
        return self._parts(prompt)[1] if self._reads_conversation else self._render(prompt, None)

    def turn(self, prompt: Prompt) -> Turn:
        """The parts of a whole turn; raises `TemplateRefusal`."""
        generation, before, tail = self._parts(prompt)
        if self._reads_conversation:
            return Turn(before, "", tail)
        # Where the generation prompt says more than the conversation does (an empty thought, say), it is what counts.
        return Turn(generation, before[len(generation) :] if before.startswith(generation) else "", tail)

    def conversation(self, prompt: Prompt, answer: str) -> str:
        """A whole conversation as the template itself writes it, to be graded."""
        return self._render(prompt, answer)

    def _parts(self, prompt: Prompt) -> tuple[str, str, str]:
        """The generation prompt, and the conversation before and after the answer."""
        number = 0
        texts = [prompt] if isinstance(prompt, str) else [turn["content"] for turn in prompt]
        while any(_SENTINEL.format(number) in text for text in texts):
            number += 1
        sentinel = _SENTINEL.format(number)
        pieces = self._render(prompt, sentinel).split(sentinel)
        if len(pieces) != 2:
            raise TemplateRefusal(
                "it does not write the assistant's answer as it was given"
                if len(pieces) == 1
                else f"it writes the assistant's answer {len(pieces) - 1} times"
            )
        return self._render(prompt, None), pieces[0], pieces[1]

    def _check_system_prompt(self) -> None:
        if (self._settings.system_prompt or "").strip() not in self._render("x", None):
            raise TemplateRefusal("it leaves out the system prompt, so student.system_prompt would have no effect")

    def _render(self, prompt: Prompt, answer: str | None) -> str:
        settings = self._settings
        messages = turns_of(prompt, settings.system_prompt)
        if answer is not None:
            messages.append({"role": "assistant", "content": answer})
        try:
            with time_limit(_RENDER_SECONDS_MAX):
                text = self._tokenizer.apply_chat_template(
                    messages,
                    tokenize=False,
                    add_generation_prompt=answer is None,
                    chat_template=self._source,
                    **settings.template_options,
                )
        except Exception as error:  # jinja raises whatever the template's author chose
            roles = " and ".join(f"a {message['role']}" for message in messages)
            raise TemplateRefusal(f"it refuses {roles} turn: {str(error).strip() or type(error).__name__}") from error
        given = sum(len(message["content"]) for message in messages)
        if len(text) > _COPIES_MAX * given + _TEMPLATE_CHARACTERS_MAX:
            raise TemplateRefusal(f"it makes {len(text):,} characters of {given:,}")
        return text


def _reads_conversation(generation: str, before: str) -> bool:
    """
    Whether the student reads the conversation up to the answer, not the generation prompt: where the latter opens a
    thought and leaves it open, a plain answer would stand inside it; where the two part ways, no answer that was
    learned would follow what is read.
    """
    if before.startswith(generation):
        return False
    return not generation.startswith(before) or opens_thought(generation[len(before) :])


def with_fixed_date(template: str, date: datetime.date) -> str:
    """
    The template, with `strftime_now`, which transformers gives to templates, replaced by one of a fixed day. It is a
    macro, because what is passed to a template must be plain data.
    """
    if "strftime_now" not in template:
        return template
    fixed = "".join(f" | replace('%{code}', '{date.strftime('%' + code)}')" for code in _DATE_CODES)
    # The empty expression keeps the template's own first newline, which would be trimmed behind a block.
    return f"{{%- macro strftime_now(format) -%}}{{{{ format{fixed} }}}}{{%- endmacro %}}{{{{ '' }}}}{template}"


def opens_thought(text: str) -> bool:
    """Whether a tag such as `<think>` is opened and not closed."""
    for match in _OPENING.finditer(text):
        bracket = match.group()[0]
        closing = f"{bracket}/{match.group(1)}{'>' if bracket == '<' else ']'}"
        if closing not in text[match.end() :]:
            return True
    return False
