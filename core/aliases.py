"""Other addresses of /api/v1/: the owner's documents say /api/… as well as /api/v1/…"""

CANONICAL = "/api/v1/"
ALIAS = "/api/"


class ApiAliases:
    """Whatever is asked for below /api/ is what stands below /api/v1/: one router, and links in answers
    name the canonical address."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        path = request.path_info
        if path.startswith(ALIAS) and not path.startswith(CANONICAL):
            request.path = request.path_info = CANONICAL + path.removeprefix(ALIAS)
        return self.get_response(request)
