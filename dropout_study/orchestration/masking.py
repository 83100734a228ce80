"""A storage's password stays out of what is printed, logged and shown."""

import re

_IN_LOGIN = re.compile(r"(://[^:/@\s]*):[^/\s]*@")
_IN_QUERY = re.compile(r"([?&](?:password|passwd)=)[^&\s]*", re.IGNORECASE)


def without_password(text: str) -> str:
    """Returns ``text`` with ``***`` for the passwords of the database URLs in it."""
    return _IN_QUERY.sub(r"\1***", _IN_LOGIN.sub(r"\1:***@", text))
