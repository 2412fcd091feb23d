import re
from pathlib import Path

import captionjudge.demo
from captionjudge.images import Bounds, check_name, digest, prepare, verify

PHOTOS = sorted(captionjudge.demo.photos().iterdir())
NOTICE = (Path(captionjudge.demo.__file__).parent / "NOTICE").read_text(encoding="utf-8")


def test_there_are_twelve() -> None:
    assert len(PHOTOS) == 12


def test_each_is_a_small_whole_jpeg_that_is_sent_as_it_is() -> None:
    for path in PHOTOS:
        data = path.read_bytes()
        header = verify(data)
        check_name(path, header)
        assert header.format == "JPEG"
        assert prepare(data, Bounds(max_side=640, max_bytes=60_000)).data == data


def test_the_notice_names_author_licence_and_content_of_each() -> None:
    blocks = dict(re.findall(r"^photos/(\S+)\n((?:  .*\n)+)", NOTICE, re.MULTILINE))
    assert sorted(blocks) == [path.name for path in PHOTOS]
    for path in PHOTOS:
        assert digest(path.read_bytes()) in blocks[path.name]
        assert re.search(r"Author:  \S", blocks[path.name])
        assert re.search(r"Licence: (CC0-1.0|CC-BY-2.0|CC-BY-4.0|public domain), https://", blocks[path.name])
