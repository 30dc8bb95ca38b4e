"""The old name of ``state``: modules move to the new one."""
