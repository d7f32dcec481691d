"""Numbers of 8 and 4 bits, by bitsandbytes: no part of the engine's own environment, and asked for by few."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from .errors import InputError

QUANTIZATIONS = ("4bit", "8bit")
_VERSION = "0.50.2"


def bitsandbytes(wanted_by: str) -> Any:
    """The package; raises `InputError`, which says how to install it, where it is not."""
    try:
        return importlib.import_module("bitsandbytes")
    except ImportError as error:
        raise InputError(
            f"{wanted_by} needs the Python package bitsandbytes, which the student engine does not have.",
            f"Install it: {sys.executable} -m pip install --no-deps bitsandbytes=={_VERSION}",
        ) from error


def quantization_config(name: str, computed_in: torch.dtype) -> BitsAndBytesConfig:
    """4bit: NF4 with quantised scales, as QLoRA (Dettmers et al., 2023, section 3); 8bit: LLM.int8()."""
    bitsandbytes(f"student.quantization: {name}")
    if name == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=computed_in,
    )
