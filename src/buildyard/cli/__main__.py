"""``python -m buildyard.cli``, as `up` starts its builders."""

from buildyard.cli import main

if __name__ == "__main__":
    main()
