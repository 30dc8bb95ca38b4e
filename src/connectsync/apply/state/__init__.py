"""The state store: runs, journal, baselines, leases, approvals and the audit log."""
