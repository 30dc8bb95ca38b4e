"""Files of the machine: read whole within limits, replaced in one stroke."""
