"""The languages that providers speak, and a gateway that reaches all of them at one place."""

from .stack import Stack

# Language of the provider: its base URL at the place, a model of the catalog and who offers it there.
UPSTREAMS = {
    "anthropic": ("/v1", "anthropic/claude-sonnet-4.5", "anthropic"),
    "vertex-anthropic": ("/v1", "anthropic/claude-sonnet-4.5", "google-vertex"),
    "gemini": ("/v1beta", "google/gemini-2.5-flash", "google"),
    "vertex-gemini": ("/v1/publishers/google", "google/gemini-2.5-flash", "google-vertex"),
    "bedrock": ("", "amazon/nova-pro", "amazon-bedrock"),
    "cohere": ("/v2", "cohere/command-a-03-2025", "cohere"),
    "responses": ("/v1", "openai/gpt-5.4", "amazon-bedrock"),
    "openai": ("/v1", "openai/gpt-4.1", "openai"),
}


def stack_of_languages(folder, cluster, url=None):
    """Yields a stack whose providers are at `url`, or at its fake provider; the body of a fixture."""
    stack = Stack(folder, cluster, gateways=0)
    try:
        place = url or stack.provider_url
        stack.add_gateway(0, upstream=[f"{name}={place}{base}" for name, (base, _, _) in UPSTREAMS.items()])
        yield stack
    finally:
        stack.stop()
