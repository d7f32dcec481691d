"""
`python render.py` prints prompts as students read them: a line of JSON on stdin, one on stdout. Used by `tutelage
validate`, which has no job to do. Only files that are on this machine are read.

    [{"source": "directory, hub id, or null for a student without a chat template", "revision": null, "settings": {},
      "prompt": "..."}]
    [{"text": "...", "tokens": 12, "hasTemplate": true} or {"problem": "..."}]
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ["HF_HUB_OFFLINE"] = "1"

from student_engine.errors import InputError
from student_engine.prompt_turns import written_out
from student_engine.settings import read_settings

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "config.json")


def main() -> None:
    """Answers the one line."""
    print(json.dumps([_rendered(asked) for asked in json.loads(sys.stdin.readline())]))


def _rendered(asked: dict[str, Any]) -> dict[str, Any]:
    settings = read_settings(asked.get("settings"))
    if asked["source"] is None:
        return {"text": written_out(asked["prompt"], settings.system_prompt), "tokens": None, "hasTemplate": False}
    try:
        directory = _directory(asked["source"], asked.get("revision"))
        if directory is None:
            return {"problem": f"the tokenizer of {asked['source']} is not on this machine yet"}
        return _read(directory, asked)
    except InputError as error:
        return {"problem": f"its tokenizer cannot be used: {error}"}


def _read(directory: Path, asked: dict[str, Any]) -> dict[str, Any]:
    from student_engine.reader import load_reader
    from student_engine.rendering import Unreadable

    renderer = load_reader({"base": str(directory), "settings": asked.get("settings")}).renderer
    [ids] = renderer.read_prompts([asked["prompt"]])
    if isinstance(ids, Unreadable):
        return {"problem": f"its tokenizer cannot read the prompt, which {ids.reason}"}
    text = renderer.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return {"text": text, "tokens": len(ids), "hasTemplate": bool(renderer.tokenizer.chat_template)}


def _directory(source: str, revision: str | None) -> Path | None:
    """Where the tokenizer's files are; `None` for a model of the hub that is not in the cache."""
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import try_to_load_from_cache

    found = [try_to_load_from_cache(source, name, revision=revision) for name in _TOKENIZER_FILES]
    return Path(str(found[0])).parent if all(isinstance(path, str) for path in found) else None


if __name__ == "__main__":
    main()
