"""Builds the demo student: a small Llama that reads characters, or words, saved as an ordinary model directory."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import WordLevel, WordPiece
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ..errors import InputError
from ..job import Job
from ..model_card import write_model_card
from ..models import ModelCache
from ..randomness import stream_seed

_PAD, _END, _UNKNOWN = "<pad>", "<eos>", "<unk>"
# 1/sqrt(64). At the default of 0.02 a model of this width does not start to learn.
_INITIALIZER_RANGE = 0.125


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """The initial weights are a function of the seed and the sizes."""
    parameters = job.parameters
    alphabet = list(dict.fromkeys(parameters.text("alphabet")))
    words = list(dict.fromkeys(parameters.texts("words", [])))
    has_unknown = parameters.flag("unknownToken", False)
    seed = parameters.integer("seed")
    sizes = {
        "hidden_size": parameters.integer("hiddenSize", 64, least=1),
        "intermediate_size": parameters.integer("intermediateSize", 192, least=1),
        "num_hidden_layers": parameters.integer("layers", 2, least=1),
        "num_attention_heads": parameters.integer("heads", 2, least=1),
        "max_position_embeddings": parameters.integer("maxPositions", 256, least=2),
    }
    parameters.done()
    if not alphabet:
        raise InputError("`init-tiny`: the alphabet is empty.")
    if sizes["hidden_size"] % (2 * sizes["num_attention_heads"]):
        raise InputError("`init-tiny`: hiddenSize must be an even multiple of heads.")
    if has_unknown:
        alphabet = list(dict.fromkeys([_UNKNOWN, *alphabet]))
    tokenizer = word_tokenizer(alphabet, words) if words else character_tokenizer(alphabet)
    if has_unknown:
        tokenizer.add_special_tokens({"unk_token": _UNKNOWN})
    torch.manual_seed(stream_seed(seed, "init"))
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            tie_word_embeddings=True,
            initializer_range=_INITIALIZER_RANGE,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            **sizes,
        )
    )
    directory = job.output("model")
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    readable = "".join(char for char in alphabet if char != _UNKNOWN)
    write_model_card(directory, "Untrained student", {"seed": seed, "alphabet": readable, **sizes})
    return {"parameters": model.num_parameters(), "vocabulary": len(tokenizer)}, {"model": "output/model"}


def character_tokenizer(alphabet: list[str]) -> PreTrainedTokenizerFast:
    """One token a character. A character outside the alphabet cannot be read, unless that holds an unknown token."""
    vocabulary = {token: id for id, token in enumerate([_PAD, _END, *alphabet])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=_UNKNOWN))
    return _splitting(tokenizer, r"[\s\S]")


def word_tokenizer(alphabet: list[str], words: list[str]) -> PreTrainedTokenizerFast:
    """
    One token a known word or number, with the space before it where it is given so, and one a character of everything
    else. Of a word that is not known, the longest known beginnings are taken: any text of the alphabet can be read.
    """
    tokens = dict.fromkeys([_PAD, _END, *alphabet, *words])
    vocabulary = {token: id for id, token in enumerate(tokens)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=_UNKNOWN, continuing_subword_prefix=""))
    return _splitting(tokenizer, r" ?(?:[A-Za-z]+|[0-9]+)|[\s\S]")


def _splitting(tokenizer: Tokenizer, pattern: str) -> PreTrainedTokenizerFast:
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=_PAD, eos_token=_END, clean_up_tokenization_spaces=False
    )
