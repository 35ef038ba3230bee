"""Typed ids: a UUID in Crockford's base 32 behind a word for its kind."""

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def uuid_of(typed_id):
    """The UUID in a typed id such as gen_01jd…"""
    number = 0
    for letter in typed_id.split("_", 1)[1]:
        number = number * 32 + CROCKFORD.index(letter)
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def typed(kind, uuid):
    number, letters = int(str(uuid).replace("-", ""), 16), ""
    for _ in range(26):
        number, digit = divmod(number, 32)
        letters = CROCKFORD[digit] + letters
    return f"{kind}_{letters}"
