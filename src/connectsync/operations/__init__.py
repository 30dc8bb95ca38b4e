"""What connectsync does: functions over values; no printing, no exiting."""
