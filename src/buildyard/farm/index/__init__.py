"""The index that pip and uv install from."""
