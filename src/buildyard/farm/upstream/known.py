"""Names that a mistyped name most likely means, for "likely" beside an unknown package.

Only a hint, so that a first request on a fresh machine can be helped without asking anybody for a list of all names.
"""

COMMON_NAMES = frozenset(
    """
    aiohttp alembic anyio asyncpg attrs babel bcrypt beautifulsoup4 black blinker boto3 botocore brotli celery certifi
    cffi charset-normalizer click coverage cryptography cython django docutils fastapi flask flit-core fonttools gevent
    greenlet grpcio gunicorn h5py hatchling httptools httpx hypothesis idna itsdangerous jinja2 jsonschema kiwisolver
    lxml markdown markupsafe matplotlib maturin meson-python msgpack msgspec multidict mypy networkx numpy opencv-python
    orjson packaging pandas paramiko pillow pip pluggy poetry-core polars propcache protobuf psutil psycopg psycopg2
    pyarrow pycparser pydantic pydantic-core pygments pyjwt pymongo pynacl pyparsing pytest python-dateutil pytz pyyaml
    pyzmq redis regex requests rich ruff scikit-learn scipy setuptools setuptools-scm simplejson six sqlalchemy
    starlette structlog sympy tokenizers toml tornado tqdm twisted typer typing-extensions ujson urllib3 uvicorn uvloop
    watchfiles websockets werkzeug wheel wrapt xxhash yarl zope-interface zstandard
    """.split()  # noqa: SIM905 - a hundred quoted names would be harder to read
)
