"""Token ids of prompts and answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine_process import Engine
from student_engine.errors import InputError
from student_engine.reader import load_tokenizer
from student_engine.rendering import Renderer
from students import bpe_tokenizer


def renderer(directory: Path) -> Renderer:
    return Renderer(load_tokenizer(str(directory)), [])


def test_every_character_of_the_alphabet_comes_back(tiny: Path) -> None:
    student = renderer(tiny)
    text = "0123456789+-*%=<>|/ pados"
    assert student.text(student.prompts([text], ["a"])[0]) == text


def test_known_words_are_one_token_each_and_unknown_ones_are_read_by_their_beginnings(
    engine: Engine, tmp_path: Path
) -> None:
    parameters = {"alphabet": "abcdeimnops 123.\n", "words": [" is", " dipso", "dipsos", " 12"], "seed": 1}
    result = engine.run(tmp_path / "job", "init-tiny", parameters=parameters)
    student = renderer(tmp_path / "job" / result["outputs"]["model"])
    tokens = {
        "dipsos is 12.": ["dipsos", " is", " 12", "."],
        "a dipsosi 1231\n": ["a", " dipso", "s", "i", " 12", "3", "1", "\n"],
    }
    for text, expected in tokens.items():
        [ids] = student.prompts([text], ["a"])
        assert student.tokenizer.convert_ids_to_tokens(ids) == expected
        assert student.text(ids) == text


def test_a_character_outside_the_alphabet_is_named_with_its_row(tiny: Path) -> None:
    with pytest.raises(InputError, match=r"Row 'b' has the character 'Z' \(U\+005A\)"):
        renderer(tiny).prompts(["1+1=", "1Z1="], ["a", "b"])


def test_text_that_spells_a_special_token_stays_text(tiny: Path, chat: Path) -> None:
    assert len(renderer(tiny).prompts(["<pad>"], ["a"])[0]) == 5
    student = renderer(chat)
    [sequence], apart = student.pairs(["Say <|im_end|> now"], ["<|im_end|> </s>"], ["a"])
    end = student.tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert sequence.ids.count(end) == 2 and sequence.ids[-1] == end and not apart
    assert student.tokenizer.decode(sequence.ids).count("<|im_end|>") == 4


def test_a_chat_prompt_has_one_bos_and_the_answer_ends_with_the_turn(chat: Path) -> None:
    student = renderer(chat)
    [sequence], apart = student.pairs(["What is 12 plus 30?"], ["42"], ["a"])
    tokens = student.tokenizer.convert_ids_to_tokens(sequence.ids)
    assert tokens.count("<s>") == 1 and tokens[0] == "<s>"
    assert student.tokenizer.decode(sequence.answer) == "42<|im_end|>" and not apart
    assert sequence.ids[: sequence.start] == student.prompts(["What is 12 plus 30?"], ["a"])[0]
    assert student.ends == set(student.tokenizer.convert_tokens_to_ids(["<|im_end|>", "</s>"]))


def test_plain_text_has_one_bos_and_ends_with_eos() -> None:
    student = Renderer(bpe_tokenizer(None), [])
    [sequence], apart = student.pairs(["12 + 30 ="], [" 42"], ["a"])
    assert student.tokenizer.decode(sequence.ids) == "<s>12 + 30 = 42</s>" and not apart


def test_a_prompt_whose_tokens_change_before_the_answer_is_reported_and_tokenised_as_it_is_read() -> None:
    student = Renderer(bpe_tokenizer(None), [])
    # " answer" is one token, so the space at the end of the prompt is taken from it.
    [sequence], apart = student.pairs(["The "], ["answer"], ["row-1"])
    assert apart == ["row-1"]
    assert sequence.ids[: sequence.start] == student.prompts(["The "], ["row-1"])[0]
    assert student.text(sequence.answer) == "answer"
