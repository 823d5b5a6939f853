"""Programs for those who work on buildyard: setup, checks, tests, the reference pages."""
