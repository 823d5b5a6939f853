"""Which distribution brings which module, as far as a name can tell.  Pure.

`phases/check` asks whether a module that is missing can be one of a wheel's declared dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Modules whose distributions have quite another name; most dependencies are told by likeness alone.
_BROUGHT_BY: dict[str, frozenset[str]] = {
    module: frozenset(names.split())
    for module, names in {
        "attr": "attrs",
        "bs4": "beautifulsoup4",
        "crypto": "pycryptodome pycrypto",
        "cryptodome": "pycryptodomex",
        "cv2": "opencv-python opencv-python-headless opencv-contrib-python",
        "dateutil": "python-dateutil",
        "docx": "python-docx",
        "dotenv": "python-dotenv",
        "fitz": "pymupdf",
        "git": "gitpython",
        "github": "pygithub",
        "gi": "pygobject",
        "google": "protobuf googleapis-common-protos",
        "grpc": "grpcio",
        "jose": "python-jose",
        "jwt": "pyjwt",
        "ldap": "python-ldap",
        "magic": "python-magic",
        "multipart": "python-multipart",
        "mysqldb": "mysqlclient",
        "nacl": "pynacl",
        "openssl": "pyopenssl",
        "osgeo": "gdal",
        "pil": "pillow",
        "pkg_resources": "setuptools",
        "psycopg2": "psycopg2-binary",
        "ruamel": "ruamel-yaml",
        "serial": "pyserial",
        "skimage": "scikit-image",
        "sklearn": "scikit-learn",
        "slugify": "python-slugify",
        "socks": "pysocks",
        "usb": "pyusb",
        "yaml": "pyyaml",
        "zmq": "pyzmq",
        "_cffi_backend": "cffi",
    }.items()
}

_AFFIX = re.compile(r"^(?:python|py)-?|-?(?:python|py)\d?$")


def may_bring(distributions: Iterable[str], module: str) -> bool:
    """Tell whether one of these distributions (normalised names) is likely the one that brings a module.

    ``markdown-it-py`` may bring ``markdown_it``, ``zope-interface`` brings ``zope``, ``pyyaml`` brings ``yaml``.
    """
    top = module.partition(".")[0].lower()
    known = _BROUGHT_BY.get(top, frozenset())
    return any(name in known or _is_alike(name, top) for name in distributions)


def _is_alike(distribution: str, module: str) -> bool:
    wanted = _bare(module.replace("_", "-"))
    # ``zope-interface`` brings ``zope``: a namespace's name is the beginning of its distributions'.
    return wanted == _bare(distribution) or distribution.split("-")[0] == module


def _bare(name: str) -> str:
    return _AFFIX.sub("", name).replace("-", "") or name
