"""The fixtures of all end to end tests."""

from support.fixtures import *  # noqa: F403
