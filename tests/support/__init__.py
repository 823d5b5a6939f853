"""What tests share beside fixtures; `pythonpath` makes it importable as `support`."""
