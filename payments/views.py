"""Where providers tell us what happened."""

import logging

from django.http import HttpResponse, HttpResponseBadRequest
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.errors import NotFound
from core.postgres.prepared import prepared
from core.tenancy import acting_for
from payments.adapters import ProviderRefused, ProviderUnavailable, WebhookRefused
from payments.services import receive_notice, work_notice

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
@prepared()
def webhook(request, provider):
    """Stores a provider's signed notice and answers 2xx only then; works it at once if possible.

    400 for a signature that does not hold, 404 for an unknown provider, 503 when the provider must
    be asked about an unknown object and does not answer (it will send the notice again).
    """
    try:
        message = receive_notice(provider_name=provider, body=request.body, headers=request.headers)
    except WebhookRefused as refused:
        log.warning("notice refused: %s", refused)
        return HttpResponseBadRequest("signature refused")
    except NotFound:
        return HttpResponse("unknown provider", status=404)
    except (ProviderUnavailable, ProviderRefused):
        return HttpResponse("try again", status=503)
    if message is not None:
        with acting_for(message.agency_id):
            work_notice(message.pk)
    return HttpResponse("ok")
