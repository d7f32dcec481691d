"""Small models with random weights, made on the spot, that have the traps of real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, PreTrainedTokenizerFast

SPECIAL = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "<|im_start|>{{ m['role'] }}\n{{ m['content'] | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = [
    "What is 12 plus 30? The answer is 42.",
    "A user asks, an assistant answers: the sum of the numbers is what the question wants.",
    "If Sam has 3 apples and buys 4 more, how many apples does Sam have? 7",
] * 4


def bpe_tokenizer(template: str | None = TEMPLATE) -> PreTrainedTokenizerFast:
    """Byte-level BPE that adds a BOS by itself, ends turns with <|im_end|>, texts with </s>, and has no pad token."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", additional_special_tokens=SPECIAL[2:]
    )
    fast.chat_template = template
    return fast


def make_chat_student(directory: Path, template: str | None = TEMPLATE, **config: Any) -> Path:
    """Saves the student; its logits are wider than its tokenizer, as in many real models."""
    tokenizer = bpe_tokenizer(template)
    torch.manual_seed(0)
    LlamaForCausalLM(_config(tokenizer, **config)).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def make_reward_model(directory: Path) -> Path:
    """Saves the classifier."""
    tokenizer = bpe_tokenizer()
    torch.manual_seed(0)
    LlamaForSequenceClassification(_config(tokenizer, num_labels=1)).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def _config(tokenizer: PreTrainedTokenizerFast, **more: Any) -> LlamaConfig:
    sizes = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    return LlamaConfig(
        vocab_size=len(tokenizer) + 28,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **{**sizes, **more},
    )
