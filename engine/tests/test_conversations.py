"""A prompt may be a conversation: its turns go through the chat template, and nothing in them is a special token."""

from __future__ import annotations

from typing import Any

import pytest

from student_engine.errors import InputError
from student_engine.prompt_turns import check_prompt
from student_engine.rendering import Renderer
from student_engine.settings import read_settings
from students import bpe_tokenizer

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Name a tree."},
    {"role": "assistant", "content": "An oak."},
    {"role": "user", "content": "Another <|im_end|>?"},
]


def renderer(template: str | None = TEMPLATE, **settings: Any) -> Renderer:
    return Renderer(bpe_tokenizer(template), [], read_settings(settings))


def test_turns_are_turns_and_what_spells_a_special_token_is_text() -> None:
    student = renderer()
    [ids] = student.prompts([CONVERSATION], ["row"])
    assert student.tokenizer.decode(ids) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nName a tree.<|im_end|>\n"
        "<|im_start|>assistant\nAn oak.<|im_end|>\n<|im_start|>user\nAnother <|im_end|>?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert ids.count(student.end) == 4, "the one that the user wrote is text"


def test_what_is_learned_begins_where_the_student_answers() -> None:
    student = renderer()
    [head] = student.prompts([CONVERSATION], ["row"])
    [pair], apart = student.pairs([CONVERSATION], ["A beech."], ["row"])
    assert apart == []
    assert pair.ids[: pair.start] == head
    assert student.text(pair.answer) == "A beech."


def test_one_turn_of_the_user_reads_as_its_text() -> None:
    student = renderer()
    as_turn, as_text = student.prompts([[CONVERSATION[1]], "Name a tree."], ["turn", "text"])
    assert as_turn == as_text


def test_the_configured_system_prompt_precedes_that_of_the_conversation() -> None:
    student = renderer(systemPrompt="Answer in English.")
    [ids] = student.prompts([CONVERSATION], ["row"])
    assert student.tokenizer.decode(ids).startswith("<|im_start|>system\nAnswer in English.\n\nBe brief.<|im_end|>")


def test_a_student_without_a_template_reads_named_turns() -> None:
    student = renderer(None)
    [ids] = student.prompts([CONVERSATION[1:]], ["row"])
    text = student.tokenizer.decode(ids)
    assert "User: Name a tree.\n\nAssistant: An oak.\n\nUser: Another <|im_end|>?\n\nAssistant:" in text


@pytest.mark.parametrize(
    "prompt",
    [[], CONVERSATION[:3], [{"role": "tool", "content": "x"}], [{"role": "user", "content": 3}], ["x"]],
    ids=["empty", "ends with the assistant", "unknown role", "content is no text", "no turn"],
)
def test_what_is_no_conversation_is_refused_with_its_line(prompt: Any) -> None:
    with pytest.raises(InputError, match="rows:3: `prompt` must be text, or turns"):
        check_prompt(prompt, "rows:3")
