"""What every page knows about its seller."""


def agency(request):
    return {"agency": getattr(request, "agency", None)}
