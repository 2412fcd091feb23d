"""What a scripted model says, which follows from a request's content alone, in the words of three protocols."""

import hashlib
import json
import re
from typing import Any

from tests.servers.instances import instance

TIE = {"tie": -0.1, "1": -2.5}


def number(text: str) -> int:
    """A number that follows from a text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def schema_of(body: Any) -> Any:
    """The schema that a body of any of the protocols asks for; None where it asks for words."""
    if "response_format" in body:
        return body["response_format"]["json_schema"]["schema"]
    if "output_config" in body:
        return body["output_config"]["format"]["schema"]
    return body.get("generationConfig", {}).get("responseJsonSchema")


def judges(body: Any) -> bool:
    """Whether it asks for a judgment."""
    return "choice" in ((schema_of(body) or {}).get("properties") or {})


def turns(body: Any) -> list[Any]:
    """All that is said in a body, but for the instructions."""
    return [turn for turn in body.get("messages") or body["contents"] if turn.get("role") != "system"]


def is_asked_again(body: Any) -> bool:
    return len(turns(body)) > 1


def text_for(body: Any) -> str:
    """What the model says."""
    schema = schema_of(body)
    said = f"{body['model']} saw {number(json.dumps(turns(body)[-1], sort_keys=True)):x}"
    if schema is None:
        return said
    filled = instance(schema)
    own = {"choice": "tie"} if judges(body) else {next(iter(filled)): said}
    return json.dumps({**filled, **own})


def tokens(text: str) -> list[tuple[str, dict[str, float]]]:
    """A text in tokens; each with log-probabilities, those of a tie with an alternative."""
    return [(word, TIE if word == "tie" else {word: -0.2}) for word in re.findall(r"\w+|\W+", text)]


def chat_reply(body: Any, text: str | None = None, finish: str = "stop") -> Any:
    """The reply of a chat model; its cached tokens follow from the text."""
    text = text_for(body) if text is None else text
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    if body.get("logprobs"):
        content = [
            {
                "token": token,
                "logprob": top[token],
                "top_logprobs": [{"token": other, "logprob": logprob} for other, logprob in top.items()],
            }
            for token, top in tokens(text)
        ]
        choice["logprobs"] = {"content": content}
    cached = {"cached_tokens": number(text) % 500}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": cached}
    return {"model": body["model"], "choices": [choice], "usage": usage}


def message_reply(body: Any, text: str | None = None, finish: str = "end_turn") -> Any:
    """The reply of a model of the Messages API."""
    text = text_for(body) if text is None else text
    cached = number(text) % 500
    usage = {"input_tokens": 1000 - cached, "cache_read_input_tokens": cached, "output_tokens": 100}
    content = [{"type": "text", "text": text}]
    return {"type": "message", "model": body["model"], "content": content, "stop_reason": finish, "usage": usage}


def gemini_reply(body: Any, text: str | None = None, finish: str = "STOP") -> Any:
    """The reply of a model of generateContent."""
    text = text_for(body) if text is None else text
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish}
    if body.get("generationConfig", {}).get("responseLogprobs"):
        said = tokens(text)
        candidate["logprobsResult"] = {
            "chosenCandidates": [{"token": token, "logProbability": top[token]} for token, top in said],
            "topCandidates": [
                {"candidates": [{"token": other, "logProbability": logprob} for other, logprob in top.items()]}
                for _, top in said
            ],
        }
    usage = {
        "promptTokenCount": 1000,
        "candidatesTokenCount": 100,
        "cachedContentTokenCount": number(text) % 500,
    }
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": body["model"]}


REPLIES = {"chat": chat_reply, "messages": message_reply, "gemini": gemini_reply}
CUT = {"chat": "length", "messages": "max_tokens", "gemini": "MAX_TOKENS"}
"""What each says of a reply that its limit of tokens has cut."""
