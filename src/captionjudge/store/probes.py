"""Questions of active checks, and what the judges answered."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from captionjudge.store.records import Probe
from captionjudge.store.tables import probe


def any_asked(connection: Connection, project_id: str) -> bool:
    """Whether a judge of the project was ever checked."""
    return connection.execute(select(probe.c.id).where(probe.c.project_id == project_id).limit(1)).first() is not None


def of_form(connection: Connection, project_id: str, form_digest: str) -> Iterator[Probe]:
    """Every question that was asked with this form, in the order of their images."""
    here = (probe.c.project_id == project_id, probe.c.form_digest == form_digest)
    for row in connection.execute(select(probe).where(*here).order_by(probe.c.item_id, probe.c.id)):
        yield Probe(**row._mapping)


def settled(connection: Connection, project_id: str, form_digest: str) -> dict[str, int | None]:
    """Every question that was asked with this form, by id: None, or when it failed (milliseconds since 1970)."""
    here = (probe.c.project_id == project_id, probe.c.form_digest == form_digest)
    rows = connection.execute(select(probe.c.id, probe.c.error, probe.c.created_at).where(*here))
    return {row.id: None if row.error is None else row.created_at for row in rows}
