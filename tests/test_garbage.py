"""Python's search for cycles, seldom for a while."""

import gc
import subprocess
import sys
import weakref

import pytest

from captionjudge.garbage import seldom_collected


class Node:
    """Something that can refer to itself."""

    def __init__(self) -> None:
        self.own = self


def test_inside_it_is_seldom_and_afterwards_as_it_was() -> None:
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold()[0] > before[0]
        with seldom_collected():
            assert gc.get_threshold()[0] > before[0]
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_it_is_as_it_was_after_an_error_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError, match="on the way"), seldom_collected():
        raise RuntimeError("on the way")
    assert gc.get_threshold() == before


def test_what_became_garbage_inside_is_found_afterwards() -> None:
    with seldom_collected():
        gone = weakref.ref(Node())
    gc.collect()
    assert gone() is None


def test_what_is_to_be_done_at_the_end_of_the_process_is_done() -> None:
    code = "import atexit, captionjudge; atexit.register(print, 'last words'); captionjudge.ConfigError; print('first')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.split("\n"), done.stderr) == (["first", "last words", ""], "")
