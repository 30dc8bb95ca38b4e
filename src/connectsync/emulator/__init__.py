"""A stand-in for Connect, which shares no line with the client."""
