"""Public keys as OpenSSH writes them."""

import base64
import binascii

from captionjudge.errors import ConfigError

_TYPE = b"ssh-ed25519"
_HINT = "ssh-keygen -t ed25519 -f FILE writes a pair; --public-key takes the one that ends in .pub"


def read_public_key(text: str) -> str:
    """The 64 hexadecimal digits of an Ed25519 key.

    Raises:
        ConfigError: it is another kind of key, or none.
    """
    if "PRIVATE KEY" in text:
        raise ConfigError("this is a private key, which belongs to nobody else", hint=_HINT)
    words = text.split()
    if len(words) < 2 or words[0] != _TYPE.decode():
        raise ConfigError(f"a public key of the kind {_TYPE.decode()} is wanted", hint=_HINT)
    try:
        data = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise ConfigError("the key is not base64", hint=_HINT) from None
    begins = len(_TYPE).to_bytes(4, "big") + _TYPE + (32).to_bytes(4, "big")
    if len(data) != len(begins) + 32 or not data.startswith(begins):
        raise ConfigError("the key is not whole", hint=_HINT)
    return data[len(begins) :].hex()
