"""Real servers for the tests, started by ourselves and gone with us."""
