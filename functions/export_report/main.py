"""Writes the files of reports, a slice at a time, and removes them a week later."""

from shared.operations.export_report import export_report as export
from shared.runtime import logs, reports, wiring
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Write what is asked for, or remove what is over."""
    message = push.message
    tenant = wiring.tenant_of(message)
    outcome = export(message, reports.places(tenant), reports.exporting(tenant))
    logs.info("report_exported", object_id=message.object_id, outcome=outcome)


export_report = push_function("export_report", handle)
