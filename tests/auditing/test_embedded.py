"""The embedded judge, without any key, is checked as any other."""

import shutil
from pathlib import Path

from captionjudge.auditing.audit import AuditOptions
from captionjudge.demo import photos
from captionjudge.project import Project


def test_the_embedded_judge_is_checked_without_key_or_server(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in sorted(Path(str(photos())).iterdir())[:2]:
        shutil.copy(photo, folder)
    with Project.init(tmp_path / "p") as project:
        project.import_images(folder)
        project.run()
        summary = project.audit(AuditOptions(("blank", "duplicated")))
        found = {(each["probe"], each["kind"]): each["statistic"] for each in project.active_checks()}
    assert (summary.progress.failed, summary.waiting, summary.images) == (0, 0, 2)
    # Exchanging the texts exchanges the choice, and a text never beats itself.
    assert found["duplicated", "lean"]["value"] == 0
    assert found["blank", "accuracy"]["n"] == 4
    assert found["blank", "accuracy"]["value"] > 0
