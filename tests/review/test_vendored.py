"""What is shipped of other projects is what it says it is."""

import hashlib
from pathlib import Path

import pytest
from scripts.vendor_static import SCRIPTS, STATIC, Vendored


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.package)
def test_a_vendored_script_has_the_hash_that_its_notice_names(script: Vendored) -> None:
    content = (STATIC / Path(script.path).name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == script.sha256
    assert script.sha256 in (STATIC / "NOTICE").read_text()
