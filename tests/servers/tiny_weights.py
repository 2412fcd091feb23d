"""A vision-language model of random weights in llama.cpp's format, small enough to write in a moment."""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

WIDTH, FEED_FORWARD, HEADS, CONTEXT = 64, 128, 4, 8192
VISION_WIDTH, VISION_FEED_FORWARD, VISION_LAYERS, IMAGE_SIDE, PATCH_SIDE = 32, 64, 2, 64, 16
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = ("t h", "h e", "i n", "e r")
CHAT_TEMPLATE = (
    "{% for m in messages %}{{'<|im_start|>'+m['role']+'\\n'+m['content']+'<|im_end|>\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\\n'}}{% endif %}"
)


class Weights:
    """Adds tensors to a file, from one seeded generator."""

    def __init__(self, writer: Any, seed: int = 0) -> None:
        self._writer = writer
        self._random = np.random.default_rng(seed)

    def noise(self, name: str, *shape: int, kind: type = np.float16) -> None:
        values: NDArray[Any] = (self._random.standard_normal(shape) * 0.05).astype(kind)
        self._writer.add_tensor(name, values)

    def ones(self, name: str, size: int) -> None:
        self._writer.add_tensor(name, np.ones(size, np.float32))

    def zeros(self, name: str, size: int) -> None:
        self._writer.add_tensor(name, np.zeros(size, np.float32))


def byte_characters() -> list[str]:
    """The printable character that stands for each byte in byte-level BPE (Radford et al. 2019)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(spare)) for byte in range(256)]


def write_text_model(path: Path) -> None:
    """The language half: one layer, a byte-level vocabulary, a plain chat template."""
    tokens = [*byte_characters(), *(merge.replace(" ", "") for merge in MERGES), *SPECIAL]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny-random-vlm")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_file_type(1)
    _add_tokenizer(writer, tokens)
    weights = Weights(writer)
    weights.noise("token_embd.weight", len(tokens), WIDTH)
    weights.ones("output_norm.weight", WIDTH)
    for norm in ("attn_norm", "ffn_norm"):
        weights.ones(f"blk.0.{norm}.weight", WIDTH)
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        weights.noise(f"blk.0.{part}.weight", WIDTH, WIDTH)
    weights.noise("blk.0.ffn_gate.weight", FEED_FORWARD, WIDTH)
    weights.noise("blk.0.ffn_up.weight", FEED_FORWARD, WIDTH)
    weights.noise("blk.0.ffn_down.weight", WIDTH, FEED_FORWARD)
    _finish(writer)


def _add_tokenizer(writer: Any, tokens: list[str]) -> None:
    ordinary = len(tokens) - len(SPECIAL)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * ordinary + [gguf.TokenType.CONTROL] * len(SPECIAL))
    writer.add_token_merges(list(MERGES))
    writer.add_pad_token_id(ordinary)
    writer.add_bos_token_id(ordinary + 1)
    writer.add_eos_token_id(ordinary + 2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def write_vision_model(path: Path) -> None:
    """The vision half: two layers, and a projection to the language half."""
    writer = gguf.GGUFWriter(str(path), "clip")
    writer.add_string("general.type", "mmproj")
    writer.add_file_type(1)
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "mlp")
    writer.add_bool("clip.use_gelu", True)
    numbers = {
        "image_size": IMAGE_SIDE,
        "patch_size": PATCH_SIDE,
        "embedding_length": VISION_WIDTH,
        "feed_forward_length": VISION_FEED_FORWARD,
        "block_count": VISION_LAYERS,
        "projection_dim": WIDTH,
        "attention.head_count": 2,
    }
    for name, value in numbers.items():
        writer.add_uint32(f"clip.vision.{name}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.48, 0.46, 0.41])
    writer.add_array("clip.vision.image_std", [0.27, 0.26, 0.28])
    _add_vision_weights(Weights(writer, seed=1))
    _finish(writer)


def _add_vision_weights(weights: Weights) -> None:
    wide, patches = VISION_WIDTH, (IMAGE_SIDE // PATCH_SIDE) ** 2
    weights.noise("v.patch_embd.weight", wide, 3, PATCH_SIDE, PATCH_SIDE)
    weights.noise("v.class_embd", wide, kind=np.float32)
    weights.noise("v.position_embd.weight", patches + 1, wide, kind=np.float32)
    norms = ["v.pre_ln", "v.post_ln"]
    for layer in range(VISION_LAYERS):
        block = f"v.blk.{layer}"
        norms += [f"{block}.ln1", f"{block}.ln2"]
        for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
            weights.noise(f"{block}.{part}.weight", wide, wide)
            weights.zeros(f"{block}.{part}.bias", wide)
        weights.noise(f"{block}.ffn_up.weight", VISION_FEED_FORWARD, wide)
        weights.zeros(f"{block}.ffn_up.bias", VISION_FEED_FORWARD)
        weights.noise(f"{block}.ffn_down.weight", wide, VISION_FEED_FORWARD)
        weights.zeros(f"{block}.ffn_down.bias", wide)
    for norm in norms:
        weights.ones(f"{norm}.weight", wide)
        weights.zeros(f"{norm}.bias", wide)
    for name, inner in (("mm.0", wide), ("mm.2", WIDTH)):
        weights.noise(f"{name}.weight", WIDTH, inner)
        weights.zeros(f"{name}.bias", WIDTH)


def _finish(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
