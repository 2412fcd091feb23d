"""A real llama.cpp server with a vision-language model of random weights, in a process of its own.

Run as a script it prints its address and serves until its standard input is closed, so it never outlives the process
that started it. `--text-only` leaves the vision half out.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


@contextmanager
def tiny_vlm(*, text_only: bool = False) -> Iterator[str]:
    """The address of a running server, "http://127.0.0.1:PORT"; it stops when the block ends."""
    command = [sys.executable, "-m", "tests.servers.tiny_vlm", *(["--text-only"] if text_only else [])]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the tiny model's server did not start (exit status {process.wait(START_SECONDS)})")
        yield url
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(START_SECONDS)


def serve(*, text_only: bool) -> None:
    """Write the weights, serve them, and print the address; returns when standard input ends."""
    address_out = _keep_standard_output_clean()
    import xllamacpp
    from tests.servers.tiny_weights import write_text_model, write_vision_model

    with tempfile.TemporaryDirectory() as folder:
        text, vision = Path(folder, "text.gguf"), Path(folder, "vision.gguf")
        write_text_model(text)
        params = xllamacpp.CommonParams()
        params.model.path = str(text)
        if not text_only:
            write_vision_model(vision)
            params.mmproj.path = str(vision)
        params.n_ctx = 8192
        params.n_parallel = 2
        params.cpuparams.n_threads = 1
        params.cpuparams_batch.n_threads = 1
        params.warmup = False
        server = xllamacpp.Server(params)
        os.write(address_out, f"{server.listening_address}\n".encode())
        sys.stdin.buffer.read()
        # The library's own shutdown takes seconds, and there is nothing to save.
        for path in (text, vision):
            path.unlink(missing_ok=True)
        Path(folder).rmdir()
        os._exit(0)


def _keep_standard_output_clean() -> int:
    """The library writes its log where the address is to stand; give that a descriptor of its own."""
    address_out = os.dup(1)
    os.dup2(2, 1)
    return address_out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text-only", action="store_true")
    serve(text_only=parser.parse_args().text_only)
