"""The service: reading and recognition over HTTP, within limits (extra `serve`)."""
