"""The pages of a Django site that is rewritten while it runs."""

from django.http import HttpResponse
from django.urls import path

GENERATION = "first"


def generation(request):
    return HttpResponse(GENERATION)


urlpatterns = [path("", generation)]
