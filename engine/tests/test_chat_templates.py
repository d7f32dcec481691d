"""The answer within what a chat template writes, by small templates that have the traps of real ones."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from student_engine.chat_template import opens_thought, with_fixed_date
from student_engine.errors import InputError
from student_engine.rendering import Renderer, Unreadable
from student_engine.settings import read_settings
from students import bpe_tokenizer

_TURNS = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
_OPENS = "{% if add_generation_prompt %}<|im_start|>assistant\n"
_CLOSES = "{% endif %}"

PLAIN = _TURNS + _OPENS + _CLOSES
# Channels, as gpt-oss: the first special token behind the generation prompt is not the end of the turn.
CHANNELS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}{% if m['role'] == 'assistant' %}<s>final<s>{% else %}\n"
    "{% endif %}{{ m['content'] }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant{% endif %}"
)
OPEN_THOUGHT = _TURNS + _OPENS + "<think>\n" + _CLOSES
CLOSED_THOUGHT = _TURNS + _OPENS + "<think>\n\n</think>\n\n" + _CLOSES
OPTIONAL_THOUGHT = (
    _TURNS + _OPENS + "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% else %}<think>\n{% endif %}" + _CLOSES
)
TRIMS = PLAIN.replace("m['content']", "m['content'] | trim")
NO_END = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{{ 'assistant: ' }}"
SHOUTS = PLAIN.replace("m['content']", "m['content'] | upper")
DROPS = PLAIN.replace("{{ m['content'] }}", "{% if m['role'] == 'user' %}{{ m['content'] }}{% endif %}")
TWICE = PLAIN.replace("{{ m['content'] }}", "{{ m['content'] }}{{ m['content'] }}")
DATED = "{% macro head() %}Today is {{ strftime_now('%d %b %Y') }}.\n{% endmacro %}{{ head() }}" + PLAIN
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + PLAIN
FORGETS_SYSTEM = PLAIN.replace("{{ m['content'] }}", "{% if m['role'] != 'system' %}{{ m['content'] }}{% endif %}")
REFUSES_SHOUTING = "{% if '!!!' in messages[0]['content'] %}{{ raise_exception('no shouting') }}{% endif %}" + PLAIN


def renderer(template: str, **settings: Any) -> Renderer:
    return Renderer(bpe_tokenizer(template), [], read_settings(settings))


@pytest.mark.parametrize(
    ("template", "prompt_ends", "learned"),
    [
        (PLAIN, "<|im_start|>assistant\n", "It is 42.<|im_end|>"),
        (CHANNELS, "<|im_start|>assistant", "<s>final<s>It is 42.<|im_end|>"),
        (OPEN_THOUGHT, "<|im_start|>assistant\n", "It is 42.<|im_end|>"),
        (CLOSED_THOUGHT, "<think>\n\n</think>\n\n", "It is 42.<|im_end|>"),
        (OPTIONAL_THOUGHT, "<think>\n\n</think>\n\n", "It is 42.<|im_end|>"),
        (TRIMS, "<|im_start|>assistant\n", "It is 42.<|im_end|>"),
    ],
    ids=["plain", "channels", "open thought", "closed thought", "optional thought", "trims"],
)
def test_what_is_learned_is_the_answer_and_one_end_of_turn(template: str, prompt_ends: str, learned: str) -> None:
    student = renderer(template)
    [sequence], apart = student.pairs(["What is 12 plus 30?"], ["It is 42."], ["a"])
    decode = student.tokenizer.decode
    assert decode(sequence.ids[: sequence.start]).endswith(prompt_ends)
    assert decode(sequence.answer) == learned and not apart
    assert sequence.answer[-1] == student.end and sequence.answer.count(student.end) == 1
    assert student.text(sequence.answer) == "It is 42."
    assert sequence.ids[: sequence.start] == student.prompts(["What is 12 plus 30?"], ["a"])[0]


def test_an_answer_behind_other_channels_is_the_text_behind_the_last_announcement() -> None:
    student = renderer(CHANNELS)
    aloud = student.tokenizer("<s>thoughts<s>hm, 41? no", add_special_tokens=False).input_ids
    [sequence], _ = student.pairs(["x"], ["It is 42."], ["a"])
    assert student.text([*aloud, *sequence.answer]) == "It is 42."


def test_an_answer_is_learned_as_it_is_where_the_template_would_rewrite_it() -> None:
    [sequence], _ = renderer(TRIMS).pairs(["x"], [" 42\n"], ["a"])
    assert renderer(TRIMS).text(sequence.answer) == " 42\n"


def test_a_turn_that_ends_with_plain_text_ends_with_the_end_token() -> None:
    student = renderer(NO_END)
    [sequence], _ = student.pairs(["x"], ["It is 42."], ["a"])
    assert student.tokenizer.decode(sequence.answer) == "It is 42.</s>"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (SHOUTS, "does not write the assistant's answer as it was given"),
        (DROPS, "does not write the assistant's answer as it was given"),
        (TWICE, "writes the assistant's answer 2 times"),
        ("{{ raise_exception('not for chats') }}", "refuses a user and a assistant turn: not for chats"),
    ],
)
def test_a_template_that_loses_or_rewrites_the_answer_is_refused(template: str, reason: str) -> None:
    with pytest.raises(InputError, match=re.escape(reason)):
        renderer(template)


def test_a_template_that_does_not_end_or_writes_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("student_engine.chat_template._RENDER_SECONDS_MAX", 0.2)
    counts = "{% for i in range(99999) %}{% for j in range(99999) %}{% set x = j %}{% endfor %}{% endfor %}"
    with pytest.raises(InputError, match=r"did not end within 0\.2 s"):
        renderer(counts + PLAIN)
    with pytest.raises(InputError, match=r"it makes [\d,]+ characters of \d+"):
        renderer(PLAIN + "{{ 'x' * 3000000 }}")


def test_the_prompt_of_a_template_that_prints_the_date_is_the_same_on_every_day() -> None:
    [ids] = renderer(DATED).prompts(["x"], ["a"])
    assert renderer(DATED).tokenizer.decode(ids).startswith("Today is 01 Jan 2025.\n")
    [ids] = renderer(DATED, templateDate="2026-11-30").prompts(["x"], ["a"])
    assert renderer(DATED).tokenizer.decode(ids).startswith("Today is 30 Nov 2026.\n")
    assert with_fixed_date(PLAIN, datetime.date(2025, 1, 1)) == PLAIN


def test_a_system_prompt_stands_before_every_question_or_is_refused() -> None:
    student = renderer(PLAIN, systemPrompt="Be brief.")
    [ids] = student.prompts(["x"], ["a"])
    assert student.tokenizer.decode(ids).startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nx")
    with pytest.raises(InputError, match="no system role"):
        renderer(NO_SYSTEM, systemPrompt="Be brief.")
    with pytest.raises(InputError, match="leaves out the system prompt"):
        renderer(FORGETS_SYSTEM, systemPrompt="Be brief.")


def test_one_row_that_cannot_be_read_is_named_and_the_others_are_read() -> None:
    student = renderer(REFUSES_SHOUTING)
    prompts, answers = ["good", "bad !!!", "half \ud800", "good"], ["1", "2", "3", "half \udfff"]
    first, shouted, half, half_answer = student.read_pairs(prompts, answers)
    assert not isinstance(first, Unreadable) and student.text(first.answer) == "1"
    assert isinstance(shouted, Unreadable) and shouted.reason.endswith("no shouting")
    for broken in (half, half_answer):
        assert isinstance(broken, Unreadable) and "half of a surrogate pair" in broken.reason
    with pytest.raises(InputError, match=r"Row 'b' has half of a surrogate pair"):
        student.prompts(["x", "\ud800"], ["a", "b"])


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("<think>\n", True),
        ("<think></think>", False),
        ("[THINK]", True),
        ("a < b", False),
        ("<think>a</think><x>", True),
    ],
)
def test_a_thought_is_open_until_it_is_closed(text: str, is_open: bool) -> None:
    assert opens_thought(text) is is_open


@pytest.mark.parametrize("settings", [{"dtype": "int4"}, {"maxLength": 0}, {"templateDate": "tomorrow"}, {"other": 1}])
def test_a_setting_that_is_not_known_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="setting"):
        read_settings(settings)
