"""What to do about failed images, by the reason that they failed for."""

_ADVICE = {
    "auth": "check the key, its plan and its billing",
    "bad_request": "the message says what: 404 is mostly the model's name or base_url, 413 an image that is too large",
    "rate_limit": "lower concurrency or set rpm in [providers], or raise patience in [run]",
    "overloaded": "wait, or raise attempts in [run]",
    "timeout": "raise timeout or lower concurrency in [providers]",
    "connection": "check base_url, and that the server runs",
    "bad_response": "check that base_url is the API's address, and that the server answers whole and uncompressed",
    "cancelled": "somebody cancelled the batch",
    "refused": "look at the images and the prompt, or choose another model",
    "filtered": "look at the images and the prompt, or choose another model",
    "truncated": "raise max_tokens",
    "empty": "look at the images and the prompt, or choose another model",
    "off_schema": 'choose a larger model, or schema = "strict" in [providers]',
    "no_description": "import the descriptions that are missing",
    "image": "mend the files and import them again",
    "pathway": "the workflow has no such way: captionjudge workflow show",
}
_ELSE = "the example says what went wrong"


def advice(reason: str) -> str:
    """What to do about images that failed for this reason, before `captionjudge retry`."""
    return _ADVICE.get(reason, _ELSE)
