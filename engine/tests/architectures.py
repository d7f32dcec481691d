"""Small models of many architectures with random weights, made from their own configurations in transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from students import bpe_tokenizer

_SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "initializer_range": 0.2,
}
_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256, "initializer_range": 0.2}
_LINEAR = {
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
_EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
_LATENT: dict[str, Any] = {
    "num_key_value_heads": 4,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}
_CONVOLUTIONS: dict[str, Any] = {
    "layer_types": ["conv", "full_attention"],
    "block_ff_dim": 64,
    "block_auto_adjust_ff_dim": False,
}
_HYBRID: dict[str, Any] = {"layer_types": ["mamba", "attention"], "shared_intermediate_size": 64}
_JAMBA: dict[str, Any] = {
    "mamba_d_state": 8,
    "attn_layer_period": 2,
    "attn_layer_offset": 1,
    "use_mamba_kernels": False,
}
_MAMBA: dict[str, Any] = {
    "mamba_n_heads": 4,
    "mamba_d_head": 16,
    "mamba_d_state": 8,
    "mamba_n_groups": 1,
    "mamba_expand": 2,
}

# By model type. What a configuration does not know is ignored by it.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": _SMALL,
    "qwen2": _SMALL,
    "qwen3": _SMALL,
    "qwen3_moe": {**_SMALL, **_EXPERTS},
    "mistral": {**_SMALL, "sliding_window": 16},
    "mixtral": {**_SMALL, **_EXPERTS},
    "gemma2": {**_SMALL, "sliding_window": 16, "query_pre_attn_scalar": 8},
    "gemma3_text": {**_SMALL, "sliding_window": 16, "query_pre_attn_scalar": 8},
    "phi3": {**_SMALL, "pad_token_id": 0},
    "gemma": _SMALL,
    "phi": _SMALL,
    "olmo3": _SMALL,
    "olmoe": {**_SMALL, **_EXPERTS},
    "cohere2": _SMALL,
    "glm4": _SMALL,
    "exaone4": _SMALL,
    "nemotron": _SMALL,
    "deepseek_v3": {**_SMALL, **_LATENT},
    "falcon": {key: value for key, value in _SMALL.items() if key != "head_dim"},
    "opt": {**_SMALL, "ffn_dim": 64, "word_embed_proj_dim": 32, "init_std": 0.2},
    "gpt2": _GPT,
    "gpt_neox": _SMALL,
    "granite": _SMALL,
    "olmo2": _SMALL,
    "smollm3": _SMALL,
    "starcoder2": _SMALL,
    "lfm2": {
        **_SMALL,
        "layer_types": ["conv", "full_attention"],
        "block_ff_dim": 64,
        "block_auto_adjust_ff_dim": False,
    },
    "qwen3_next": {**_SMALL, **_LINEAR, **_EXPERTS, "layer_types": ["linear_attention", "full_attention"]},
    "qwen3_5_text": {**_SMALL, **_LINEAR, "layer_types": ["linear_attention", "full_attention"]},
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8, "initializer_range": 0.2},
    "mamba2": {**_SMALL, "num_heads": 8, "state_size": 8, "n_groups": 1, "expand": 2},
    "granitemoehybrid": {
        **_SMALL,
        **_MAMBA,
        **_EXPERTS,
        "layer_types": ["mamba", "attention"],
        "shared_intermediate_size": 64,
    },
    "falcon_h1": {**_SMALL, **_MAMBA, "mamba_d_ssm": 64},
    "bamba": {**_SMALL, **_MAMBA, "attn_layer_indices": [1]},
    "jamba": {
        **_SMALL,
        **_EXPERTS,
        "mamba_d_state": 8,
        "attn_layer_period": 2,
        "attn_layer_offset": 1,
        "use_mamba_kernels": False,
    },
    "phimoe": {**_SMALL, **_EXPERTS},
    "rwkv": {"hidden_size": 32, "attention_hidden_size": 32, "num_hidden_layers": 2, "context_length": 256},
}


def make_architecture(name: str, directory: Path) -> Path:
    """Saves a model directory."""
    tokenizer = bpe_tokenizer()
    torch.manual_seed(0)
    sizes = {**ARCHITECTURES[name], "vocab_size": len(tokenizer) + 12}
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = AutoConfig.for_model(name, **{"pad_token_id": None, **sizes, **ends})
    AutoModelForCausalLM.from_config(config).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory
