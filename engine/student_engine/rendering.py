"""From prompts and answers to token ids: the one place that knows chat templates, special tokens and end tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .errors import InputError

# Templates of reasoning models open a thought by default; the student is taught to answer as the teacher does.
_TEMPLATE_OPTIONS = {"enable_thinking": False}
# User text that spells a special token is put through the template under these private characters.
_FIRST_STAND_IN = 0xF0000


@dataclass(frozen=True)
class Sequence:
    """Token ids of a prompt and its answer, end token included; the answer starts at `start`."""

    ids: list[int]
    start: int

    @property
    def answer(self) -> list[int]:
        """The ids that are learnt and scored."""
        return self.ids[self.start :]


class Renderer:
    """Renders for one tokenizer. Text of a user never becomes a special token, whatever it spells."""

    def __init__(self, tokenizer: Any, generation_ends: list[int]) -> None:
        self.tokenizer = tokenizer
        self._has_template = bool(getattr(tokenizer, "chat_template", None))
        special = {token.content: id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
        self._special_ids = set(special.values()) | set(tokenizer.all_special_ids)
        self._special_texts = sorted(special, key=len, reverse=True)
        self._special_pattern = re.compile("|".join(map(re.escape, self._special_texts)) or r"(?!)")
        self._special_id = special
        self._prefix = self._beginning()
        self.end = self._end_of_turn()
        self.ends = {self.end, *generation_ends} | ({tokenizer.eos_token_id} - {None})

    def prompts(self, prompts: list[str], names: list[str]) -> list[list[int]]:
        """What the student reads before it answers. `names` name the rows in errors."""
        if self._has_template:
            heads = self._encode_rendered([self._render(text) for text in prompts], names)
        else:
            heads = [self._prefix + ids for ids in self._encode(prompts, names)]
        for ids, name in zip(heads, names, strict=True):
            if not ids:
                raise InputError(f"Row {name!r} has an empty prompt.")
        return heads

    def pairs(self, prompts: list[str], answers: list[str], names: list[str]) -> tuple[list[Sequence], list[str]]:
        """
        Prompt and answer tokenised together, and the names of the rows where the prompt's own ids are not a prefix of
        that. There the answer is tokenised apart, after the prompt exactly as the student reads it when it predicts.
        """
        heads = self.prompts(prompts, names)
        if self._has_template:
            wholes = self.conversations(prompts, answers, names)
        else:
            joined = [prompt + answer for prompt, answer in zip(prompts, answers, strict=True)]
            wholes = [self._prefix + ids + [self.end] for ids in self._encode(joined, names)]
        sequences, apart = [], []
        for index, (head, whole) in enumerate(zip(heads, wholes, strict=True)):
            if len(whole) > len(head) and whole[: len(head)] == head:
                tail = self._through_end(whole[len(head) :])
            else:
                apart.append(names[index])
                tail = self._encode([answers[index]], [names[index]])[0] + [self.end]
            sequences.append(Sequence(head + tail, len(head)))
        return sequences, apart

    def conversations(self, prompts: list[str], answers: list[str], names: list[str]) -> list[list[int]]:
        """Whole conversations as the chat template writes them, to be graded."""
        rendered = [self._render(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
        return self._encode_rendered(rendered, names)

    def text(self, ids: list[int]) -> str:
        """The text of an answer, without its end token."""
        if ids and ids[-1] in self.ends:
            ids = ids[:-1]
        return self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def _beginning(self) -> list[int]:
        begin = self.tokenizer.bos_token_id
        return [begin] if begin is not None and self.tokenizer("").input_ids[:1] == [begin] else []

    def _end_of_turn(self) -> int:
        if self._has_template:
            # Without the end-of-sequence fallback of `_through_end`, to see what the template itself ends a turn with.
            head = self._encode_rendered([self._render("x")], ["probe"])[0]
            whole = self._encode_rendered([self._render("x", "x")], ["probe"])[0]
            for token in whole[len(head) :]:
                if token in self._special_ids:
                    return token
        if self.tokenizer.eos_token_id is None:
            raise InputError(
                "The tokenizer has no end token, so the student could not learn to stop.",
                "Set `eos_token` in the model's tokenizer_config.json.",
            )
        return self.tokenizer.eos_token_id

    def _through_end(self, tail: list[int]) -> list[int]:
        for index, token in enumerate(tail):
            if token in self._special_ids:
                return tail[: index + 1]
        return [*tail, self.end]

    def _render(self, prompt: str, answer: str | None = None) -> str:
        messages = [{"role": "user", "content": self._stand_in(prompt)}]
        if answer is not None:
            messages.append({"role": "assistant", "content": self._stand_in(answer)})
        try:
            return self.tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=answer is None, **_TEMPLATE_OPTIONS
            )
        except Exception as error:  # jinja raises whatever the template's author chose
            raise InputError(f"The model's chat template refuses a user and assistant turn: {error}.") from error

    def _stand_in(self, text: str) -> str:
        return self._special_pattern.sub(
            lambda match: chr(_FIRST_STAND_IN + self._special_texts.index(match.group())), text
        )

    def _encode_rendered(self, texts: list[str], names: list[str]) -> list[list[int]]:
        last = _FIRST_STAND_IN + len(self._special_texts)
        tricky = [any(_FIRST_STAND_IN <= ord(char) < last for char in text) for text in texts]
        usual = [index for index, odd in enumerate(tricky) if not odd]
        plain = iter(
            self._encode_batch([texts[index] for index in usual], [names[index] for index in usual], split=False)
        )
        return [
            self._encode_around(text, name) if odd else next(plain)
            for text, name, odd in zip(texts, names, tricky, strict=True)
        ]

    def _encode_around(self, text: str, name: str) -> list[int]:
        """Cuts at the template's own special tokens; what lies between is text, stand-ins spelt out again."""
        ids: list[int] = []
        position = 0
        for match in [*self._special_pattern.finditer(text), None]:
            between = text[position : match.start() if match else len(text)]
            for index, special in enumerate(self._special_texts):
                between = between.replace(chr(_FIRST_STAND_IN + index), special)
            if between:
                ids += self._encode([between], [name])[0]
            if match:
                ids.append(self._special_id[match.group()])
                position = match.end()
        return ids

    def _encode(self, texts: list[str], names: list[str]) -> list[list[int]]:
        return self._encode_batch(texts, names, split=True)

    def _encode_batch(self, texts: list[str], names: list[str], split: bool) -> list[list[int]]:
        if not texts:
            return []
        try:
            return self.tokenizer(texts, add_special_tokens=False, split_special_tokens=split)["input_ids"]
        except Exception as error:  # the tokenizers library raises bare Exception
            raise self._unreadable(texts, names, error) from error

    def _unreadable(self, texts: list[str], names: list[str], error: Exception) -> InputError:
        readable: dict[str, bool] = {}
        for text, name in zip(texts, names, strict=True):
            for char in text:
                if char not in readable:
                    readable[char] = self._reads(char)
                if not readable[char]:
                    return InputError(
                        f"Row {name!r} has the character {char!r} (U+{ord(char):04X}), "
                        "which is not in the student's alphabet.",
                        "Build the student with an alphabet that has every character of the task.",
                    )
        return InputError(f"The tokenizer cannot read a row: {error}.")

    def _reads(self, char: str) -> bool:
        try:
            self.tokenizer([char], add_special_tokens=False, split_special_tokens=True)
        except Exception:  # the tokenizers library raises bare Exception
            return False
        return True
