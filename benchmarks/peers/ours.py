"""captionjudge: a new project, its import, one run. The span is that of the run, to its last commit."""

from pathlib import Path

from benchmarks.peers.job import Job, Span, read_job

from captionjudge import Project
from captionjudge.folder import write_template

MODELS = {"embedded/terse": "local/a", "embedded/detailed": "local/b", "embedded/judge": "local/j"}


def make_project(home: Path, images: Path, url: str, in_flight: int, store: str = "") -> None:
    """A project with the images under a folder, whose models all answer at `url`."""
    write_template(home, "default")
    config = home / "captionjudge.toml"
    text = f'store = "{store}"\n{config.read_text()}'
    config.write_text(text)
    with Project.open(home) as project:
        project.import_images(images, check=False)
    for embedded, served in MODELS.items():
        text = text.replace(embedded, served)
    config.write_text(f'{text}\n[providers.local]\nbase_url = "{url}"\nconcurrency = {in_flight}\n')


def main() -> None:
    job: Job = read_job()
    home = job.out / "project"
    make_project(home, job.images[0].parent, job.url, job.in_flight, job.store)
    with Project.open(home) as project:
        span = Span()
        summary = project.run()
        span.report(summary.progress.finished, job, ["captionjudge"])


if __name__ == "__main__":
    main()
