"""From prompts and answers to token ids: the one place that knows special tokens and end tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from typing import Any, TypeVar

from .chat_template import ChatTemplate, TemplateRefusal, Turn
from .errors import InputError
from .prompt_turns import Prompt, turns_of, written_out
from .settings import StudentSettings

# User text that spells a special token is put through the template under these private characters.
_FIRST_STAND_IN = 0xF0000
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Sequence:
    """
    Token ids of a prompt and its answer, end token included; the answer starts at `start`. `apart`: the prompt's own
    ids are not a prefix of the whole, so the answer was tokenised after the prompt as the student reads it.
    """

    ids: list[int]
    start: int
    apart: bool = False

    @property
    def answer(self) -> list[int]:
        """The ids that are learned and scored."""
        return self.ids[self.start :]


@dataclass(frozen=True)
class Unreadable:
    """A text that this student cannot read or write, and why, as the predicate of a sentence about the row."""

    reason: str


_Read = TypeVar("_Read", list[int], Sequence)


class Renderer:
    """Renders for one tokenizer. Text of a user never becomes a special token, whatever it spells."""

    def __init__(self, tokenizer: Any, generation_ends: list[int], settings: StudentSettings | None = None) -> None:
        self.tokenizer = tokenizer
        self._settings = settings or StudentSettings()
        has_template = bool(getattr(tokenizer, "chat_template", None))
        self._template = ChatTemplate(tokenizer, self._settings) if has_template else None
        added = {token.content: (id, token.special) for id, token in tokenizer.added_tokens_decoder.items()}
        self._special_id = {text: id for text, (id, special) in added.items() if special}
        self._special_texts = sorted(self._special_id, key=len, reverse=True)
        self._special_pattern = _any_of(self._special_texts)
        # Some models end a turn with a token that is added and yet not marked as special.
        self._added_id = {text: id for text, (id, _) in added.items()}
        self._added_pattern = _any_of(sorted(added, key=len, reverse=True))
        self._prefix = self._beginning()
        self._probe = self._template.turn("What is 2 + 3?") if self._template else None
        lead = self._probe.lead if self._probe else ""
        self._marks = [self._encode_batch([text], split=False)[0] for text in _announcements(lead)]
        self.end = self._end_of_turn()
        self.ends = {self.end, *generation_ends} | ({tokenizer.eos_token_id} - {None})

    def prompts(self, prompts: SequenceOf[Prompt], names: SequenceOf[str]) -> list[list[int]]:
        """What the student reads before it answers. Raises `InputError` for a row it cannot read, by name."""
        return [_readable(ids, name) for ids, name in zip(self.read_prompts(prompts), names, strict=True)]

    def read_prompts(self, prompts: SequenceOf[Prompt]) -> list[list[int] | Unreadable]:
        """What the student reads before it answers, or why it cannot."""
        heads = [self._head(prompt) for prompt in prompts]
        encoded = self._encode_all(heads, is_rendered=self._template is not None)
        return [
            Unreadable("has an empty prompt") if ids == [] else ids
            for ids in (self._begun(ids) if isinstance(ids, list) else ids for ids in encoded)
        ]

    def pairs(
        self, prompts: SequenceOf[Prompt], answers: SequenceOf[str], names: SequenceOf[str]
    ) -> tuple[list[Sequence], list[str]]:
        """Sequences, and the names of those tokenised apart. Raises `InputError` for a bad row, by name."""
        read = self.read_pairs(prompts, answers)
        sequences = [_readable(sequence, name) for sequence, name in zip(read, names, strict=True)]
        return sequences, [name for sequence, name in zip(sequences, names, strict=True) if sequence.apart]

    def read_pairs(self, prompts: SequenceOf[Prompt], answers: SequenceOf[str]) -> list[Sequence | Unreadable]:
        """
        Prompt and answer tokenised together; where the prompt's own ids are not a prefix of that, the answer is
        tokenised apart, after the prompt exactly as the student reads it when it predicts.
        """
        turns = [self._turn(prompt) for prompt in prompts]
        learned = [
            turn if isinstance(turn, Unreadable) else turn.lead + self._stand_in(answer) + self._tail(turn)
            for turn, answer in zip(turns, answers, strict=True)
        ]
        wholes = [
            turn if isinstance(turn, Unreadable) else f"{turn.head}{text}"
            for turn, text in zip(turns, learned, strict=True)
        ]
        heads = self.read_prompts(prompts)
        encoded = self._encode_all(wholes, is_rendered=self._template is not None)
        return [
            self._sequence(turn, head, whole, text)
            for turn, head, whole, text in zip(turns, heads, encoded, learned, strict=True)
        ]

    def _sequence(
        self,
        turn: Turn | Unreadable,
        head: list[int] | Unreadable,
        whole: list[int] | Unreadable,
        learned: str | Unreadable,
    ) -> Sequence | Unreadable:
        if isinstance(head, Unreadable):
            return head
        if isinstance(whole, Unreadable):
            return whole
        ids = self._ended(self._begun(whole), turn)
        if len(ids) > len(head) and ids[: len(head)] == head:
            return Sequence(ids, len(head))
        [tail] = self._encode_all([learned], is_rendered=self._template is not None)
        return tail if isinstance(tail, Unreadable) else Sequence(head + self._ended(tail, turn), len(head), True)

    def conversations(self, prompts: SequenceOf[Prompt], answers: SequenceOf[str]) -> list[list[int] | Unreadable]:
        """Whole conversations as the chat template writes them, to be graded."""
        rendered: list[str | Unreadable] = []
        for prompt, answer in zip(prompts, answers, strict=True):
            try:
                rendered.append(self._conversation(prompt, answer))
            except TemplateRefusal as refusal:
                rendered.append(Unreadable(f"does not suit the chat template: {refusal}"))
        return self._encode_all(rendered, is_rendered=True)

    def text(self, ids: list[int]) -> str:
        """The text of an answer, without its end token and without what the template writes around an answer."""
        if ids and ids[-1] in self.ends:
            ids = ids[:-1]
        start = self._announced(ids)
        text = self.tokenizer.decode(ids[start:], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        if self._probe is None:
            return text
        blank = self._added_pattern.split(self._probe.tail)[0]
        text = text.removesuffix(blank) if blank.isspace() else text
        return text.removeprefix(self._probe.lead) if start == 0 else text

    def _announced(self, ids: list[int]) -> int:
        """
        Where the answer proper begins. A model that thinks aloud before does so in channels or thoughts of its own, so
        it is behind the last announcement; 0 where there is none.
        """
        for mark in self._marks:
            for start in range(len(ids) - len(mark), -1, -1):
                if ids[start : start + len(mark)] == mark:
                    return start + len(mark)
        return 0

    def is_unknown(self, token: int) -> bool:
        """Whether an id stands for anything that the tokenizer does not know."""
        return token == self.tokenizer.unk_token_id

    def _head(self, prompt: Prompt) -> str | Unreadable:
        if self._template is None:
            return written_out(prompt, self._settings.system_prompt)
        try:
            return self._template.head(self._plain(prompt))
        except TemplateRefusal as refusal:
            return Unreadable(f"does not suit the chat template: {refusal}")

    def _turn(self, prompt: Prompt) -> Turn | Unreadable:
        if self._template is None:
            head = self._head(prompt)
            return head if isinstance(head, Unreadable) else Turn(head, "", "")
        try:
            return self._template.turn(self._plain(prompt))
        except TemplateRefusal as refusal:
            return Unreadable(f"does not suit the chat template: {refusal}")

    def _conversation(self, prompt: Prompt, answer: str) -> str:
        if self._template is None:
            return written_out(prompt, None) + answer
        return self._template.conversation(self._plain(prompt), self._stand_in(answer))

    def _tail(self, turn: Turn) -> str:
        """From the answer through the template's end of turn; nothing where that is plain text, which ends nothing."""
        end = self._added_pattern.search(turn.tail)
        return turn.tail[: end.end()] if end else ""

    def _begun(self, ids: list[int]) -> list[int]:
        return ids if self._template is not None else self._prefix + ids

    def _ended(self, ids: list[int], turn: Turn | Unreadable) -> list[int]:
        has_end = isinstance(turn, Turn) and self._tail(turn) != ""
        return ids if has_end else [*ids, self.end]

    def _beginning(self) -> list[int]:
        begin = self.tokenizer.bos_token_id
        return [begin] if begin is not None and self.tokenizer("").input_ids[:1] == [begin] else []

    def _end_of_turn(self) -> int:
        end = self._added_pattern.search(self._probe.tail) if self._probe else None
        if end is not None:
            return self._added_id[end.group()]
        if self.tokenizer.eos_token_id is None:
            raise InputError(
                "The tokenizer has no end token, so the student could not learn to stop.",
                "Set `eos_token` in the model's tokenizer_config.json.",
            )
        return self.tokenizer.eos_token_id

    def _plain(self, prompt: Prompt) -> Prompt:
        """The prompt with stand-ins for what spells a special token, in every turn."""
        return self._stand_in(prompt) if isinstance(prompt, str) else turns_of(prompt, None, self._stand_in)

    def _stand_in(self, text: str) -> str:
        if self._template is None:
            return text
        return self._special_pattern.sub(
            lambda match: chr(_FIRST_STAND_IN + self._special_texts.index(match.group())), text
        )

    def _encode_all(self, texts: SequenceOf[str | Unreadable], is_rendered: bool) -> list[list[int] | Unreadable]:
        """All at once; where the tokenizer refuses, row by row, to find those that it can read."""
        last = _FIRST_STAND_IN + len(self._special_texts)

        def is_usual(text: str) -> bool:
            has_stand_in = is_rendered and any(_FIRST_STAND_IN <= ord(char) < last for char in text)
            return not has_stand_in and _SURROGATE.search(text) is None

        usual = [text for text in texts if isinstance(text, str) and is_usual(text)]
        encoded: list[list[int] | Unreadable]
        try:
            encoded = [*self._encode_batch(usual, split=not is_rendered)]
        except Exception:  # the tokenizers library raises bare Exception
            encoded = [self._encode_one(text, is_rendered) for text in usual]
        plain = iter(encoded)
        return [
            text
            if isinstance(text, Unreadable)
            else next(plain)
            if is_usual(text)
            else self._encode_one(text, is_rendered)
            for text in texts
        ]

    def _encode_one(self, text: str, is_rendered: bool) -> list[int] | Unreadable:
        if _SURROGATE.search(text):
            return Unreadable("has half of a surrogate pair, which is not a character")
        try:
            return self._encode_around(text) if is_rendered else self._encode_batch([text], split=True)[0]
        except Exception as error:  # the tokenizers library raises bare Exception
            char = next((char for char in text if not self._reads(char)), None)
            if char is None:
                return Unreadable(f"cannot be read by the tokenizer: {error}")
            return Unreadable(f"has the character {char!r} (U+{ord(char):04X}), which is not in the student's alphabet")

    def _encode_around(self, text: str) -> list[int]:
        """Cuts at the template's own special tokens; what is between them is text, stand-ins spelled out again."""
        ids: list[int] = []
        position = 0
        for match in [*self._special_pattern.finditer(text), None]:
            between = text[position : match.start() if match else len(text)]
            for index, special in enumerate(self._special_texts):
                between = between.replace(chr(_FIRST_STAND_IN + index), special)
            if between:
                ids += self._encode_batch([between], split=True)[0]
            if match:
                ids.append(self._special_id[match.group()])
                position = match.end()
        return ids

    def _encode_batch(self, texts: list[str], split: bool) -> list[list[int]]:
        if not texts:
            return []
        return self.tokenizer(texts, add_special_tokens=False, split_special_tokens=split)["input_ids"]

    def _reads(self, char: str) -> bool:
        try:
            self._encode_batch([char], split=True)
        except Exception:  # the tokenizers library raises bare Exception
            return False
        return True


def _any_of(texts: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, texts)) or r"(?!)")


def _announcements(lead: str) -> list[str]:
    """What announces an answer: all that the template writes before it, else the end of a thought before it."""
    return [lead, *re.findall(r"[<\[]/[A-Za-z_:]+[>\]]\s*$", lead)] if lead.strip() else []


def _readable(read: _Read | Unreadable, name: str) -> _Read:
    if isinstance(read, Unreadable):
        raise InputError(
            f"Row {name!r} {read.reason}.",
            "Correct or leave out this row, or choose a student that can read it.",
        )
    return read
