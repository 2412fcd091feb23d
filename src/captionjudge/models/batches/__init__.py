"""Providers' batch endpoints: many requests in one file, answered within a day at half the price."""

from captionjudge.models.anthropic import MessagesModel
from captionjudge.models.batches.job import Batches
from captionjudge.models.gemini import GeminiModel
from captionjudge.models.model import Model
from captionjudge.models.openai import ChatModel


def open_batches(model: Model) -> Batches | None:
    """The batch endpoint by which `model` can be asked; None where its kind has none."""
    if isinstance(model, ChatModel):
        from captionjudge.models.batches.chat import ChatBatches

        return ChatBatches(model)
    if isinstance(model, MessagesModel):
        from captionjudge.models.batches.messages import MessagesBatches

        return MessagesBatches(model)
    if isinstance(model, GeminiModel):
        from captionjudge.models.batches.gemini import GeminiBatches

        return GeminiBatches(model)
    return None
