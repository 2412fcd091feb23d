"""Fetches the scripts that the review page ships, and writes them with their notices.

    python -m scripts.vendor_static

Each package is fetched with npm; its files must have the hashes that are written here.
"""

import hashlib
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent.parent / "src" / "captionjudge" / "review" / "static"


@dataclass(frozen=True, slots=True)
class Vendored:
    """One script of one package."""

    package: str
    version: str
    path: str
    sha256: str
    licence: str
    licence_path: str


SCRIPTS = (
    Vendored(
        "htmx.org",
        "4.0.1",
        "dist/htmx.min.js",
        "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
        "0BSD",
        "LICENSE",
    ),
    Vendored(
        "@panzoom/panzoom",
        "4.6.2",
        "dist/panzoom.min.js",
        "3ce354ef7b493efb62a4d4acaaf86fa2d6027eb629857a4e144041de1a112c1e",
        "MIT",
        "MIT-License.txt",
    ),
)


def main() -> None:
    notices = ["Scripts of other projects in this folder, made by scripts/vendor_static.py.\n"]
    for script in SCRIPTS:
        content, notice = fetch(script)
        name = Path(script.path).name
        (STATIC / name).write_bytes(content)
        notices.append(
            f"{name}: {script.package} {script.version} (npm), {script.path}\n"
            f"SHA-256 {script.sha256}\nLicence: {script.licence}\n\n{notice.strip()}\n"
        )
    (STATIC / "NOTICE").write_text("\n".join(notices))


def fetch(script: Vendored) -> tuple[bytes, str]:
    """The script and its licence, from its package."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", f"{script.package}@{script.version}"],
            cwd=folder,
            capture_output=True,
            check=True,
        )
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            content, notice = (read(archive, path) for path in (script.path, script.licence_path))
    found = hashlib.sha256(content).hexdigest()
    if found != script.sha256:
        raise SystemExit(f"{script.package} {script.version}: {script.path} is {found}, expected {script.sha256}")
    return content, notice.decode()


def read(archive: tarfile.TarFile, path: str) -> bytes:
    """A file of a package."""
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise SystemExit(f"{path} is no file of the package")
    return member.read()


if __name__ == "__main__":
    main()
