"""Which module a distribution may bring."""

from __future__ import annotations

import pytest

from buildyard.farm.builder.modules import may_bring


@pytest.mark.parametrize(
    ("distribution", "module"),
    [
        ("requests", "requests"),
        ("pyyaml", "yaml"),
        ("python-dateutil", "dateutil.parser"),
        ("zope-interface", "zope.interface"),
        ("markdown-it-py", "markdown_it"),
        ("pillow", "PIL"),
        ("typing-extensions", "typing_extensions"),
        ("pyserial", "serial"),
        ("cffi", "_cffi_backend"),
        ("importlib-metadata", "importlib_metadata"),
        ("google-cloud-storage", "google.cloud.storage"),
    ],
)
def test_dependency_explains_its_module(distribution: str, module: str):
    assert may_bring(["other", distribution], module)


@pytest.mark.parametrize(("distribution", "module"), [("requests", "urllib3"), ("yarl", "yaml"), ("py", "typing")])
def test_unlike_dependency_explains_nothing(distribution: str, module: str):
    assert not may_bring([distribution], module)


def test_no_dependency_explains_nothing():
    assert not may_bring([], "yaml")
