"""A project on the labelling platform, or on any server that speaks its protocol, through the platform's own client."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from captionjudge.errors import ConfigError

PER_REQUEST = 100


class Remote(Struct, frozen=True):
    """An open project; `row` and `item` are the client's own objects."""

    domain: str
    client: Any
    project: Any

    def place(self, data_hash: str) -> str:
        """How a data unit is called in the store, so that it is found again."""
        return f"{self.domain}/{self.project.project_hash}/{data_hash}"

    def rows(self) -> Iterator[list[tuple[Any, Any]]]:
        """Label rows with their labels, and their storage items with signed URLs, a few at a time."""
        from encord.http.bundle import Bundle

        rows = [row for row in self.project.list_label_rows_v2(include_client_metadata=True) if row.backing_item_uuid]
        for begin in range(0, len(rows), PER_REQUEST):
            some = rows[begin : begin + PER_REQUEST]
            with Bundle() as bundle:
                for row in some:
                    row.initialise_labels(bundle=bundle)
            items = self.client.get_storage_items([row.backing_item_uuid for row in some], sign_url=True)
            yield list(zip(some, items, strict=True))


def open_remote(domain: str, key: Path, project: str) -> Remote:
    """Open a project with a private key.

    Raises:
        ConfigError: the client is not installed, or the server refuses.
    """
    try:
        from encord.exceptions import EncordException
        from encord.user_client import EncordUserClient
    except ModuleNotFoundError:
        raise ConfigError("the platform's client is not installed", hint='pip install "captionjudge[encord]"') from None
    if not key.is_file():
        raise ConfigError(f"cannot read the key {key}", hint="--key FILE names the private key in OpenSSH format")
    try:
        client = EncordUserClient.create_with_ssh_private_key(ssh_private_key_path=str(key), domain=domain)
        return Remote(domain.rstrip("/"), client, client.get_project(project))
    except (EncordException, ValueError) as error:
        message = str(error).partition("\n")[0]
        raise ConfigError(f"{domain} does not open the project {project}: {message}") from None


def download(item: Any) -> bytes:
    """The bytes of a storage item.

    Raises:
        ConfigError: they cannot be had.
    """
    import requests

    url = item.get_signed_url()
    try:
        answer = requests.get(url, timeout=120)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise ConfigError(f"cannot download {item.name!r}: {type(error).__name__}") from None
    content: bytes = answer.content
    return content


def labels_of(row: Any) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """The classifications of a label row as its JSON has them: the answers, and what stands beside the frames."""
    whole = row.to_encord_dict()
    frames = (unit.get("labels", {}).get("classifications") or [] for unit in whole["data_units"].values())
    return whole["classification_answers"], [each for some in frames for each in some]
