"""An OpenAI-compatible server in a process of its own, with replies that follow from the request alone.

    python provider.py LOG LATENCY      prints its port; writes a line a request; ends when its standard input closes

A model's name may ask for trouble: see `TROUBLE`.
"""

import asyncio
import base64
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

TROUBLE = ("refuse", "empty", "garbled", "mend", "busy", "limited", "locked", "cut", "hang")

_seen: Counter[str] = Counter()


def instance(schema: dict[str, Any], seed: int) -> Any:
    """An instance of a schema; which of the allowed ones follows from `seed`."""
    if "anyOf" in schema:
        return instance(schema["anyOf"][0], seed)
    if "enum" in schema:
        return schema["enum"][seed % len(schema["enum"])]
    if schema["type"] == "object":
        return {key: instance(value, seed) for key, value in schema["properties"].items()}
    return {"boolean": True, "string": f"words {seed % 97}"}[schema["type"]]


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _judgment(body: dict[str, Any]) -> str:
    schema = body["response_format"]["json_schema"]["schema"]
    text = next(part["text"] for part in body["messages"][1]["content"] if part["type"] == "text")
    fenced = [part.split("\n", 1)[1].rsplit("\n", 1)[0] for part in text.split("Description ")[1:]]
    first, second = (part.split(">\n", 1)[1].rsplit("\n</", 1)[0] for part in fenced)
    filled = instance(schema, 3)
    # By the texts alone, so that both orders agree.
    filled["choice"] = "1" if _number(first) > _number(second) else "2"
    return json.dumps(filled)


def _content(body: dict[str, Any]) -> dict[str, str]:
    """The digests of the image and of all text that is not the instructions."""
    parts = body["messages"][1]["content"]
    url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    image = base64.b64decode(url.partition(";base64,")[2])
    texts = [next(part["text"] for part in parts if part["type"] == "text")]
    texts += [message["content"] for message in body["messages"][2:]]
    return {
        "image": hashlib.sha256(image).hexdigest(),
        "text": hashlib.sha256("\n\n".join(texts).encode()).hexdigest(),
    }


def _reply(body: dict[str, Any], again: int) -> web.Response:
    model = body["model"]
    judging = "response_format" in body
    text = _judgment(body) if judging else f"{model} saw {_number(json.dumps(body['messages'][-1])):x}"
    reason = "stop"
    match model.partition("-")[0]:
        case "refuse":
            return _answer(model, None, "stop", refusal="I cannot help with that.")
        case "empty":
            text = "  "
        case "garbled":
            text = "no JSON at all"
        case "mend" if len(body["messages"]) == 2:
            text = '{"choice": "neither"}'
        case "busy" if again <= 2:
            return web.json_response({"error": {"message": "overloaded"}}, status=503, headers={"Retry-After": "0.05"})
        case "limited" if again <= 2:
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0.05"})
        case "locked":
            return web.json_response({"error": {"message": "bad key"}}, status=401)
        case "cut":
            text, reason = text[:5], "length"
    return _answer(model, text, reason)


def _answer(model: str, text: str | None, reason: str, refusal: str | None = None) -> web.Response:
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    return web.json_response({"model": model, "choices": [choice], "usage": usage})


async def serve(log: Path, latency: float) -> None:
    async def handle(request: web.Request) -> web.Response:
        raw = await request.read()
        body = json.loads(raw)
        key = hashlib.sha256(raw).hexdigest()
        _seen[key] += 1
        with log.open("a") as file:
            file.write(json.dumps({"model": body["model"], "key": key, **_content(body)}) + "\n")
        while body["model"].startswith("hang") and not log.with_suffix(".well").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(latency)
        return _reply(body, _seen[key])

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
