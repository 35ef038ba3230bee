"""Black-box test of tollgate-fake-provider's endpoints that are no chat, and of who may call.

Run as: test-endpoints.py PATH_TO_THE_PROGRAM
"""
import base64
import hashlib
import hmac
import http.client
import json
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from dialects import Bedrock, Gemini, OpenAI, sse
from running import DEADLINE_S, OnOneProvider, Provider, tokens_of


class Endpoints(OnOneProvider):
    def test_completions_of_the_older_kind(self):
        status, whole = self.post("/v1/completions", {"model": "m", "prompt": "hello there"})
        self.assertEqual((status, whole["object"]), (200, "text_completion"))
        _, _, body = self.provider.call("POST", "/v1/completions", {
            "model": "m", "prompt": ["hello there"], "stream": True, "stream_options": {"include_usage": True}})
        events = [data for _, data in sse(body)]
        self.assertEqual(events.pop(), "[DONE]")
        self.assertEqual(events[-1]["usage"], whole["usage"])
        self.assertEqual("".join(event["choices"][0]["text"] for event in events[:-1]), whole["choices"][0]["text"])
        self.assertEqual(self.last()["endpoint"], "completions")

    def test_azure_names_the_deployment_in_the_path(self):
        path = "/east/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
        status, answer = self.post(path, {"messages": [{"role": "user", "content": "x"}]}, {"api-key": "secret-2"})
        self.assertEqual((status, answer["model"]), (200, "my-gpt"))
        truth = self.last()
        self.assertEqual((truth["site"], truth["query"]), ("east", "api-version=2024-10-21"))
        self.assertEqual(truth["headers"]["api-key"], "present")

    def test_a_model_in_a_path_may_be_encoded(self):
        path, headers, body = Bedrock().request("hello", False, model="us.anthropic.claude-v1%3A0")
        self.assertEqual(self.provider.call("POST", path, body, headers)[0], 200)
        self.assertEqual(self.last()["model"], "us.anthropic.claude-v1:0")

    def test_gemini_counts_and_embeds(self):
        content = {"parts": [{"text": "hello there"}]}
        status, answer = self.post("/v1beta/models/m:countTokens", {"contents": [content]})
        self.assertEqual((status, answer["totalTokens"]), (200, tokens_of("hello there")))
        _, one = self.post("/v1beta/models/m:embedContent", {"content": content, "outputDimensionality": 8})
        _, many = self.post("/v1beta/models/m:batchEmbedContents",
                            {"requests": [{"content": content, "outputDimensionality": 8}] * 2})
        self.assertEqual([one["embedding"]] * 2, many["embeddings"])
        self.assertEqual(len(one["embedding"]["values"]), 8)
        self.assertEqual(self.last()["meters"]["input"], 2 * tokens_of("hello there"))
        path = "/v1/projects/p/locations/l/publishers/google/models/m:predict"
        _, answer = self.post(path, {"instances": [{"content": "hello there"}]})
        statistics = answer["predictions"][0]["embeddings"]["statistics"]
        self.assertEqual(statistics["token_count"], tokens_of("hello there"))
        self.assertEqual(self.post("/v1beta/models/m:embedContent", {})[0], 400)

    def test_cohere_embeds_and_ranks(self):
        _, answer = self.post("/v2/embed", {"model": "m", "texts": ["a", "bcde"], "output_dimension": 4})
        self.assertEqual([len(vector) for vector in answer["embeddings"]["float"]], [4, 4])
        self.assertEqual(answer["meta"]["billed_units"]["input_tokens"], tokens_of("abcde"))
        documents = [f"document {number}" for number in range(101)]
        _, answer = self.post("/v2/rerank", {"model": "m", "query": "q", "documents": documents, "top_n": 5})
        scores = [result["relevance_score"] for result in answer["results"]]
        self.assertEqual((len(scores), scores), (5, sorted(scores, reverse=True)))
        self.assertEqual(len({result["index"] for result in answer["results"]}), 5)
        self.assertEqual(answer["meta"]["billed_units"]["search_units"], 2)
        self.assertEqual(self.last()["meters"]["searches"], 2)
        self.assertEqual(self.post("/v2/rerank", {"model": "m", "query": "q"})[0], 400)

    def test_moderations(self):
        _, answer = self.post("/v1/moderations", {"input": ["fine", "[[flagged]]"]})
        self.assertEqual(answer["model"], "omni-moderation-latest")
        self.assertEqual([result["flagged"] for result in answer["results"]], [False, True])
        self.assertEqual(len(answer["results"][0]["categories"]), 13)
        self.assertEqual(self.post("/v1/moderations", {"model": "m"})[0], 400)
        self.assertEqual(self.last()["endpoint"], "moderations")

    def send_parts(self, path, fields, **headers):
        body = b"".join(b'--edge\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
            name.encode(), b'; filename="f"' if isinstance(value, bytes) else b"",
            value if isinstance(value, bytes) else value.encode()) for name, value in fields) + b"--edge--\r\n"
        connection = http.client.HTTPConnection(self.provider.host, self.provider.port, timeout=DEADLINE_S)
        try:
            connection.request("POST", path, body, {"content-type": "multipart/form-data; boundary=edge", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def test_images(self):
        _, answer = self.post("/v1/images/generations", {"model": "gpt-image-1", "prompt": "a dot", "n": 2})
        self.assertEqual(len(answer["data"]), 2)
        self.assertEqual(base64.b64decode(answer["data"][0]["b64_json"])[:4], b"\x89PNG")
        self.assertEqual(answer["usage"]["output_tokens"], 544)
        self.assertEqual(self.last()["meters"]["images"], 2)
        _, answer = self.post("/v1/images/generations",
                              {"model": "dall-e-3", "prompt": "a dot", "response_format": "url"})
        self.assertTrue(answer["data"][0]["url"].startswith("https://"))
        self.assertNotIn("usage", answer)
        status, body = self.send_parts("/v1/images/edits", [
            ("model", "gpt-image-1"), ("prompt", "another"), ("image[]", b"\x89PNG1"), ("image[]", b"\x89PNG2")])
        self.assertEqual((status, json.loads(body)["usage"]["input_tokens_details"]["image_tokens"]), (200, 388))
        self.assertEqual(self.last()["model"], "gpt-image-1")
        self.assertEqual(self.send_parts("/v1/images/edits", [("model", "m"), ("prompt", "x")])[0], 400)

    def test_speech_is_sound_in_chunks(self):
        body = {"model": "tts-1", "voice": "alloy", "input": "größe", "response_format": "wav"}
        status, headers, sound = self.provider.call("POST", "/v1/audio/speech", body)
        self.assertEqual((status, headers["content-type"], headers["transfer-encoding"]),
                         (200, "audio/wav", "chunked"))
        self.assertGreater(len(sound), 1000)
        truth = self.last()
        self.assertEqual((truth["meters"]["characters"], truth["meters"]["output"]), (5, 0))
        self.assertTrue(truth["usage_told"])
        _, headers, events = self.provider.call("POST", "/v1/audio/speech", {**body, "stream_format": "sse"})
        pieces = [data for _, data in sse(events)]
        self.assertEqual(b"".join(base64.b64decode(one["audio"]) for one in pieces[:-1]), sound)
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.provider.call("POST", "/v1/audio/speech", body, {"x-fake-fault": "cut"})
        self.assertEqual(self.provider.call("POST", "/v1/audio/speech", body, {"x-fake-fault": "503"})[0], 503)

    def test_transcriptions(self):
        wav = b"RIFF" + struct.pack("<I", 0) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
        wav += b"data" + struct.pack("<I", 40000) + bytes(40000)
        rows = [("json", 3), ("verbose_json", 3), ("text", None), ("srt", None), ("vtt", None)]
        for form, seconds in rows:
            with self.subTest(form=form):
                status, body = self.send_parts("/v1/audio/transcriptions", [
                    ("model", "whisper-1"), ("file", wav), ("response_format", form)])
                self.assertEqual(status, 200)
                self.assertEqual(self.last()["meters"]["milliseconds"], 2500)
                if seconds:
                    self.assertEqual(json.loads(body)["usage"], {"type": "duration", "seconds": seconds})
                else:
                    self.assertIn(b"invented", body)
                    self.assertEqual(b"00:02" in body, form != "text")
        _, body = self.send_parts("/v1/audio/translations", [("model", "m"), ("file", bytes(16000)),
                                                             ("response_format", "verbose_json")])
        self.assertEqual((json.loads(body)["task"], json.loads(body)["duration"]), ("translate", 1.0))
        self.assertEqual(self.send_parts("/v1/audio/transcriptions", [("model", "m")])[0], 400)
        self.assertEqual(self.send_parts("/v1/audio/transcriptions", [("file", wav)])[0], 400)


def base64url(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


class Callers(OnOneProvider):
    """Who may call: tokens that were issued here, and signatures."""

    options = ("--require-token", "--aws-key", "AKIDTEST:secret/with+signs")

    def token(self, fields, fault=None):
        connection = http.client.HTTPConnection(self.provider.host, self.provider.port, timeout=DEADLINE_S)
        try:
            connection.request("POST", "/token", urllib.parse.urlencode(fields),
                               {"content-type": "application/x-www-form-urlencoded", "x-fake-fault": fault or "none"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    SECRET = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s", "scope": "x/.default"}

    def call(self, dialect, headers, query=""):
        path, more, body = dialect.request("hello", False)
        return self.provider.call("POST", path + query, body, {**more, **headers})

    def test_calls_need_a_token_that_has_not_expired(self):
        status, _, body = self.call(Gemini(), {})
        self.assertEqual((status, json.loads(body)["error"]["status"]), (401, "UNAUTHENTICATED"))
        status, got = self.token(self.SECRET)
        self.assertEqual((status, got["token_type"], got["expires_in"]), (200, "Bearer", 3600))
        bearer = {"authorization": "Bearer " + got["access_token"]}
        self.assertEqual(self.call(Gemini(), bearer)[0], 200)
        self.assertEqual(self.call(OpenAI(), bearer)[0], 200)
        self.assertEqual(self.call(Gemini(), {"authorization": "Bearer other"})[0], 401)
        _, got = self.token(self.SECRET, "expires_s=0")
        self.assertEqual(got["expires_in"], 0)
        self.assertEqual(self.call(Gemini(), {"authorization": "Bearer " + got["access_token"]})[0], 401)

    def test_the_token_endpoint_refuses(self):
        now = int(time.time())
        claims = {"iss": "a@p.iam", "scope": "s", "aud": "https://oauth2.test/token", "iat": now, "exp": now + 3600}
        rows = [({}, 200), ({"exp": now - 10}, 400), ({"exp": now + 4000}, 400), ({"iat": now + 1000}, 400),
                ({"aud": ""}, 400), ({"scope": None}, 400)]
        for change, wanted in rows:
            with self.subTest(change=change):
                jwt = ".".join((base64url({"alg": "RS256", "typ": "JWT"}), base64url({**claims, **change}),
                                base64url(b"signature")))
                status, got = self.token({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                                          "assertion": jwt})
                self.assertEqual((status, got.get("error")), (wanted, None if wanted == 200 else "invalid_grant"))
        self.assertEqual(self.token({**self.SECRET, "client_secret": ""})[1]["error"], "invalid_client")
        self.assertEqual(self.token({"grant_type": "password"})[1]["error"], "unsupported_grant_type")
        self.assertEqual(self.token(self.SECRET, "503")[0], 503)
        self.assertNotIn("expires_in", self.token(self.SECRET, "no-usage")[1])
        self.provider.call("POST", "/control", {"model": "token", "fault": "429"})
        self.assertEqual([self.token(self.SECRET)[0] for _ in range(2)], [429, 200])

    def test_jwts_are_held_against_the_public_key(self):
        with tempfile.TemporaryDirectory() as folder:
            run = lambda *words, **more: subprocess.run(["openssl", *words], cwd=folder, check=True,
                                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more)
            run("genrsa", "-out", "key", "1024")
            run("rsa", "-in", "key", "-pubout", "-out", "public")
            now = int(time.time())
            text = base64url({"alg": "RS256"}) + "." + base64url(
                {"iss": "a", "scope": "s", "aud": "u", "iat": now, "exp": now + 60})
            right = run("dgst", "-sha256", "-sign", "key", input=text.encode()).stdout
            provider, self.provider = self.provider, Provider("--token-key", folder + "/public")
            try:
                for signature, status in ((right, 200), (right[::-1], 400), (b"x", 400)):
                    self.assertEqual(self.token({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                                                 "assertion": text + "." + base64url(signature)})[0], status)
            finally:
                self.provider.stop()
                self.provider = provider

    def signed(self, path, body, key="AKIDTEST", secret="secret/with+signs", when=None, **more):
        """Headers of a request, signed as the documentation says."""
        when = time.gmtime(time.time() if when is None else when)
        date, day = time.strftime("%Y%m%dT%H%M%SZ", when), time.strftime("%Y%m%d", when)
        headers = {"host": f"{self.provider.host}:{self.provider.port}", "x-amz-date": date,
                   "content-type": "application/json", **more}
        names = ";".join(sorted(headers))
        canonical = "\n".join(["POST", urllib.parse.quote(path, safe="/~"), "",
                               *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names,
                               hashlib.sha256(body).hexdigest()])
        scope = f"{day}/us-east-1/bedrock/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        sign = ("AWS4" + secret).encode()
        for part in (day, "us-east-1", "bedrock", "aws4_request", text):
            sign = hmac.new(sign, part.encode(), "sha256").digest()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, "
                                    f"Signature={sign.hex()}")
        return headers

    def test_bedrock_needs_a_right_signature(self):
        path, _, body = Bedrock().request("hello", True, model="us.claude-v1%3A0")
        body = json.dumps(body).encode()
        good = self.signed(path, body)
        rows = [(good, body, None),
                (self.signed(path, body, key="AKIDOTHER"), body, "security token"),
                (self.signed(path, body, secret="other"), body, "does not match"),
                (self.signed(path + "x", body), body, "does not match"),
                (good, body + b" ", "does not match"),
                ({**good, "content-type": "text/plain"}, body, "does not match"),
                (self.signed(path, body, when=time.time() - 3600), body, "expired"),
                ({}, body, "Missing")]
        for headers, sent, message in rows:
            with self.subTest(message=message):
                connection = http.client.HTTPConnection(self.provider.host, self.provider.port, timeout=DEADLINE_S)
                connection.request("POST", path, sent, headers)
                answer = connection.getresponse()
                text = answer.read().decode(errors="replace")
                connection.close()
                self.assertEqual(answer.status, 403 if message else 200)
                if message:
                    self.assertIn(message, text)
                    self.assertTrue(answer.headers["x-amzn-errortype"].startswith("AccessDeniedException"))

    def test_a_rule_asks_one_site_for_a_token(self):
        provider, self.provider = self.provider, Provider()
        try:
            self.provider.call("POST", "/control", {"site": "vertex", "fault": "needs-token", "count": -1})
            self.provider.call("POST", "/control", {"site": "aws", "fault": "needs-signature", "count": -1})
            path, headers, body = Gemini().request("hello", False)
            token = {"authorization": "Bearer " + self.token(self.SECRET)[1]["access_token"]}
            for site, more, status in (("", {}, 200), ("/vertex", {}, 401), ("/vertex", token, 200), ("/aws", {}, 403)):
                self.assertEqual(self.provider.call("POST", site + path, body, {**headers, **more})[0], status, site)
            path, _, body = Bedrock().request("hello", False)
            text = json.dumps(body).encode()
            headers = self.signed("/aws" + path, text, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
            self.assertEqual(self.provider.call("POST", "/aws" + path, body, headers)[0], 200)
        finally:
            self.provider.stop()
            self.provider = provider


if __name__ == "__main__":
    unittest.main()
