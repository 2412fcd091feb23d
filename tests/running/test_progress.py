"""What a run counts and says."""

import io

from captionjudge.running.progress import Lines, Progress, line


def test_images_that_come_later_are_counted_among_the_images_there_are() -> None:
    progress = Progress(total=1)
    for _ in range(3):
        progress.took()
        progress.left("Judge", finished=True)
    assert line(progress).startswith("3 of 3 images")


def test_without_a_terminal_what_there_is_to_say_is_said_at_once_and_once() -> None:
    shown, progress = io.StringIO(), Progress()
    with Lines(shown, every=3600) as lines:
        lines.update(progress)
        progress.note = "finishing"
        lines.update(progress)
        lines.update(progress)
    assert shown.getvalue().count("finishing") == len(shown.getvalue().splitlines()) == 1


def test_a_long_wait_that_a_provider_asked_for_is_said() -> None:
    progress = Progress()
    progress.held(1.0)
    assert "waiting" not in line(progress)
    progress.held(3599.9)
    progress.held(2.0)
    assert "waiting 1 h 00 min, as a provider asks" in line(progress)
