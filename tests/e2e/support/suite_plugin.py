"""A pytest plugin in place of the conftest of an SDK's own suite: its clients, with a key and a base URL that are given."""

import importlib
import os

import pytest

SDK = os.environ.get("SUITE_SDK", "openai")
GIVEN = {"base_url": os.environ.get("TEST_API_BASE_URL"), "api_key": os.environ.get("SUITE_KEY"), "max_retries": 0,
         "timeout": 20}


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def client(request):
    made = importlib.import_module(SDK)
    kind = made.OpenAI if SDK == "openai" else made.Anthropic
    with kind(**GIVEN, _strict_response_validation=getattr(request, "param", True)) as client:
        yield client


@pytest.fixture
async def async_client(request):
    made = importlib.import_module(SDK)
    kind = made.AsyncOpenAI if SDK == "openai" else made.AsyncAnthropic
    param = getattr(request, "param", True)
    strict = param if isinstance(param, bool) else param.get("strict", True)
    async with kind(**GIVEN, _strict_response_validation=strict) as client:
        yield client
