"""One address of one provider, with its key: what an adapter posts to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson
from msgspec.structs import replace

from captionjudge.errors import BadResponseError, ConfigError, ModelError
from captionjudge.models.faults import Secrets, named, not_understood, secrets_of
from captionjudge.models.provider import Provider
from captionjudge.models.transport import Response, Transport, open_transport

SHORTEST_UNMISTAKABLE_KEY = 16


class Endpoint:
    """Posts bodies to one address; every `ModelError` it raises names the provider and shows no key."""

    def __init__(
        self,
        provider: Provider,
        path: str,
        key_headers: Callable[[str], Mapping[str, str]],
        transport: Transport | None = None,
    ) -> None:
        key = key_of(provider)
        self.provider = provider.name
        self.url = address(provider, path)
        self._path = path
        # A shorter key, of a server of one's own, may be a word that descriptions hold.
        self._key = key.encode() if key and len(key) >= SHORTEST_UNMISTAKABLE_KEY else None
        self.secrets: Secrets = secrets_of(key, provider.headers)
        self.headers: Mapping[str, str] = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            # Without it every coding would be welcome (RFC 9110, 12.5.3), and what is read is not unpacked everywhere.
            "Accept-Encoding": "identity",
            "User-Agent": "captionjudge",
            **(key_headers(key) if key else {}),
            **provider.headers,
        }
        self._timeout = provider.timeout
        self._transport = transport or open_transport(self.url)

    async def post(self, body: Sequence[bytes]) -> Response:
        """Post the pieces of `body` and give back the answer, whatever its status."""
        try:
            response = await self._transport.post(self.url, self.headers, body, self._timeout)
        except ModelError as error:
            failure = error
        else:
            if self._key is not None and self._key in response.body:
                # A server that answers with what it was sent must not get the key into the store.
                return replace(response, body=response.body.replace(self._key, b"***"))
            return response
        raise named(failure, self.provider)

    def beside(self, path: str, **query: str) -> str:
        """The URL of another resource of the same API; parameters are added to those of base_url."""
        parts = urlsplit(self.url)
        base = parts.path.removesuffix(self._path)
        asked = "&".join(filter(None, (parts.query, urlencode(query))))
        return urlunsplit((parts.scheme, parts.netloc, base + path, asked, ""))

    def json(self, response: Response) -> Any:
        """The JSON in a 2xx answer.

        Raises:
            BadResponseError: it holds something else.
        """
        try:
            return orjson.loads(response.body)
        except orjson.JSONDecodeError:
            pass
        # Raised outside the handler: orjson's error holds the whole body.
        raise self.broken("what is not JSON", response)

    def broken(self, what: str, response: Response) -> BadResponseError:
        """The error for a 2xx answer that is not what the protocol promises."""
        return not_understood(what, self.provider, response, self.secrets)

    async def close(self) -> None:
        """Give back the connections."""
        await self._transport.close()


def key_of(provider: Provider) -> str | None:
    """The provider's key, None when it needs none.

    Raises:
        ConfigError: the environment variable that should hold the key does not, or holds what cannot be a key.
    """
    if not provider.key_env:
        return None
    key = (provider.key() or "").strip()
    if not key:
        raise ConfigError(
            f"the provider {provider.name!r} needs a key, and the environment variable {provider.key_env} is not set",
            hint=f"export {provider.key_env}=…",
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            f"the environment variable {provider.key_env} cannot be a key: it holds spaces or control characters",
            hint="copy the key again, without line breaks",
        )
    return key


def address(provider: Provider, path: str) -> str:
    """The URL of `path` below the provider's base_url; a query in base_url is kept.

    Raises:
        ConfigError: base_url is missing, is not http(s), or holds a password.
    """
    where = f"base_url of the provider {provider.name!r}"
    if not provider.base_url:
        raise ConfigError(f"{where} is not set", hint=f'[providers.{provider.name}] base_url = "http://…/v1"')
    try:
        parts = urlsplit(provider.base_url)
        host, has_password = parts.hostname, "@" in parts.netloc
        _ = parts.port
    except ValueError as error:
        raise ConfigError(f"{where} is not a URL: {error}") from None
    if has_password:
        raise ConfigError(f"{where} holds a user name or password", hint="put the key in the environment: key_env")
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"{where} is {provider.base_url!r}, which is not an http or https URL")
    base = parts.path.rstrip("/").removesuffix(path)
    return urlunsplit((parts.scheme, parts.netloc, base + path, parts.query, ""))
