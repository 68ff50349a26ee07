"""PayPal's REST API over `requests`: one call a question, never repeated behind anybody's back."""

import threading
import time

import requests

from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.adapters.patience import time_out

EARLIER = 60  # seconds before its end a token counts as over
REFUSALS = (400, 404, 422)
PROVES_NOTHING = frozenset(
    ["DUPLICATE_REQUEST_ID", "PREVIOUS_REQUEST_IN_PROGRESS", "RESOURCE_CONFLICT"]
)
"""Issues of a 4xx that do not say that nothing happened: the key was used before, or is in use."""


class PayPalClient:
    """Calls with a token that is kept until it ends; any number of threads may share one."""

    def __init__(self, client_id, client_secret, api_base):
        self.api_base = api_base.rstrip("/")
        self._credentials = (client_id, client_secret)
        self._token, self._ends_at = "", 0.0
        self._asking = threading.Lock()
        self._threads = threading.local()

    def get(self, path, query=None):
        """The object at `path` as a dict, or None when there is none."""
        return self._ask("GET", path, params=query, absent_is_none=True)

    def post(self, path, body, request_id):
        """What a call with this PayPal-Request-Id made, whole; the same for the same id and body."""
        headers = {"PayPal-Request-Id": request_id, "Prefer": "return=representation"}
        return self._ask("POST", path, json=body, headers=headers)

    def download(self, address):
        """(status, bytes) of a public file, such as a certificate."""
        answer = self._send("GET", address)
        return answer.status_code, answer.content

    def _ask(self, method, path, absent_is_none=False, headers=None, **request):
        token = self._current_token()
        answer = self._authorized(method, path, token, headers, request)
        if answer.status_code == requests.codes.unauthorized:
            # PayPal takes tokens back before their time; who is not let in has done nothing.
            token = self._current_token(instead_of=token)
            answer = self._authorized(method, path, token, headers, request)
        told = _json(answer, f"{method} {path}")
        if answer.ok:
            return told
        if answer.status_code == requests.codes.not_found and absent_is_none:
            return None
        issues = _issues(told)
        if answer.status_code in REFUSALS and not PROVES_NOTHING.intersection(issues):
            raise ProviderRefused(f"PayPal refused: {', '.join(issues) or answer.status_code}.")
        raise ProviderUnavailable(f"{method} {path}: status {answer.status_code}")

    def _authorized(self, method, path, token, headers, request):
        headers = {"Authorization": f"Bearer {token}", **(headers or {})}
        return self._send(method, self.api_base + path, headers=headers, **request)

    def _current_token(self, instead_of=None):
        """The token in use; a new one when it ends soon or is the one that was refused."""
        with self._asking:
            if self._token in ("", instead_of) or time.monotonic() > self._ends_at:
                self._renew_token()
            return self._token

    def _renew_token(self):
        """Raises ProviderUnavailable also when our own key is refused: it says nothing of payments."""
        path = "/v1/oauth2/token"
        answer = self._send(
            "POST",
            self.api_base + path,
            data={"grant_type": "client_credentials"},
            auth=self._credentials,
        )
        told = _json(answer, f"POST {path}")
        if not answer.ok or "access_token" not in told:
            raise ProviderUnavailable(f"POST {path}: status {answer.status_code}")
        self._token = told["access_token"]
        self._ends_at = time.monotonic() + int(told.get("expires_in", 0)) - EARLIER

    def _send(self, method, address, **request):
        try:
            return self._connection().request(
                method, address, timeout=time_out(), allow_redirects=False, **request
            )
        except requests.RequestException as error:
            raise ProviderUnavailable(f"{method}: {type(error).__name__}") from error

    def _connection(self):
        """This thread's own requests.Session; it is not safe to share one."""
        if not hasattr(self._threads, "session"):
            session = requests.Session()
            session.trust_env = False
            self._threads.session = session
        return self._threads.session


def _json(answer, asked):
    """The answer's object; ProviderUnavailable for what is none, whatever its status."""
    try:
        told = answer.json()
    except ValueError as error:
        raise ProviderUnavailable(f"{asked}: status {answer.status_code}, no JSON") from error
    if not isinstance(told, dict):
        raise ProviderUnavailable(f"{asked}: status {answer.status_code}, no object")
    return told


def _issues(told):
    """What PayPal calls its reasons, such as INSTRUMENT_DECLINED."""
    details = told.get("details") or []
    issues = [one.get("issue", "") for one in details if isinstance(one, dict)]
    return [issue for issue in (*issues, told.get("name", "")) if issue]
