"""The network for other engines: each file writes one format, verified against the reference."""
