"""An S3 server on loopback, which can be told to fail."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

Trouble = Callable[[int, str], int | None]
"""From the number of a request and its method to the status with which it fails, if it is to."""

_CODES = {403: ("AccessDenied", "Access Denied"), 500: ("InternalError", "We encountered an internal error.")}
_BODY = "<?xml version='1.0'?><Error><Code>{}</Code><Message>{}</Message></Error>"


class ObjectStore:
    """The server: make buckets, read what is in them, and say what is to go wrong."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server

        self.trouble: Trouble | None = None
        self._application = DomainDispatcherApplication(create_backend_app)
        self._requests = count(1)
        self._buckets = count(1)

        class Quiet(MotoRequestHandler):
            def log(self, type: str, message: str, *args: Any) -> None:
                """Say nothing."""

        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that leads here, and in which failures are not tried again for seconds."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_ACCESS_KEY_ID": "name",
            "AWS_SECRET_ACCESS_KEY": "hush-hush-9876543210",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def new_bucket(self) -> str:
        """The name of a new bucket."""
        name = f"bucket-{next(self._buckets)}"
        self._backend().create_bucket(name, "us-east-1")
        return name

    def keys(self, bucket: str) -> list[str]:
        """What is in a bucket."""
        return sorted(self._backend().get_bucket(bucket).keys)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @staticmethod
    def _backend() -> Any:
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.s3.models import s3_backends

        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        number = next(self._requests)
        status = self.trouble and self.trouble(number, environ["REQUEST_METHOD"])
        if not status:
            return self._application(environ, start)
        # Unread, the rest of the body would be taken for the next request.
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = _BODY.format(*_CODES[status]).encode()
        start(f"{status} Trouble", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    server = ObjectStore()
    try:
        yield server
    finally:
        server.close()


def forget_connections() -> None:
    """Let what comes connect anew, in the environment as it is then."""
    if (s3fs := sys.modules.get("s3fs")) is not None:
        s3fs.S3FileSystem.clear_instance_cache()
