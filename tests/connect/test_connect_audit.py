"""An audit tells the same over every way to Connect, and saves nothing there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from connectsync.backends.seam import Reader, Writer
from connectsync.domain.live import AuditReport
from connectsync.domain.settings import Form
from connectsync.operations.audit import AuditScope, audit_live

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
FORM: Form = {
    "enable_daily_sync": True,
    "manage_guardians": True,
    "contact_types": frozenset(["Emergency"]),
    "contact_relationships": frozenset(["Parent"]),
    "phone_types": frozenset(["Home"]),
    "district_id": f"{7:024x}",
}


def test_every_way_to_connect_is_audited_alike(backend: Any) -> None:
    scope = AuditScope(
        {}, {"gone": "districts/gone.yaml"}, (), whole=True, today=date(2027, 1, 15)
    )

    async def act(reader: Reader, writer: Writer) -> tuple[AuditReport, bool]:
        before = await reader.read("bay")
        await writer.save("bay", FORM, expected_version=before.version)
        seen = await reader.read("bay")
        report = await audit_live(scope, reader, NOW)
        after = await reader.read("bay")
        return report, (seen.form, seen.version) == (after.form, after.version)

    report, untouched = backend.run(act)
    assert untouched
    assert [one.key for one in report.districts] == [
        "bay",
        "elm.park_1",
        "lakeview-usd",
    ]
    assert report.without_file == report.districts
    (gone,) = report.not_audited
    assert (gone.key, gone.file, gone.is_listed) == (
        "gone",
        "districts/gone.yaml",
        False,
    )
    bay = report.districts[0]
    assert bay.name == "Bay of São João"
    assert {
        "emergency-contacts-as-guardians",
        "home-phone-for-texts",
        "home-phone-drops-guardians",
        "parents-left-out",
    } <= {one.rule for one in bay.findings}
    needs = {one.rule: one.needs for one in bay.not_checked}
    assert needs["sync-before-launch"] == ("facts.setup_step",)
    assert not report.is_fine
