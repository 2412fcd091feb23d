"""A vision-language model that is small enough to be trained in a test, made from its configuration alone."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessorPil,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    set_seed,
)

SIDE, PATCH = 16, 8
SPECIAL = ["<pad>", "<s>", "</s>", "<image>"]
TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'] }}: "
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant: {% endif %}"
)


def processor() -> LlavaProcessor:
    """Bytes as tokens; pictures of 16 by 16 pixels as four patches."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<image>"],
    )
    size = {"height": SIDE, "width": SIDE}
    pictures = LlavaImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=size)
    return LlavaProcessor(
        pictures,
        fast,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )


def model() -> LlavaForConditionalGeneration:
    """A LLaVA with two layers a side, its weights drawn at random."""
    set_seed(0)
    words = len(SPECIAL) + 256
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    return LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=CLIPVisionConfig(**layers, image_size=SIDE, patch_size=PATCH, projection_dim=32),
            text_config=LlamaConfig(**layers, vocab_size=words, max_position_embeddings=4096, pad_token_id=0),
            image_token_index=SPECIAL.index("<image>"),
            vision_feature_select_strategy="default",
            image_seq_length=(SIDE // PATCH) ** 2,
        )
    )
